import {
  type KeyPlace,
  type KeyStoreContent,
  type KeyStoreEntry,
  type KeyStoreReader,
  readKeyPlace,
} from './key-store.ts'

/** The keys that may sign images of one name. */
export interface TrustedKeys {
  readonly keys: readonly KeyStoreEntry[]
  /** Keys that would be trusted if they were not masked. */
  readonly masked: readonly KeyStoreEntry[]
  /** Fingerprints from which trust was taken, whether or not there is such a key. */
  readonly masks: ReadonlySet<string>
  readonly warnings: readonly string[]
}

/**
 * Whose signatures count for images of this name: keys of `root.d`, and those of `prefix.d` for the name itself and for every name that
 * it lies below, component by component, of all `stores`. An empty file at any of these places masks the key of its name, wherever
 * that lies: whoever takes trust away has the last word.
 */
export async function trustedKeys(
  name: string,
  stores: readonly string[],
  reader: KeyStoreReader,
): Promise<TrustedKeys> {
  const contents: KeyStoreContent[] = []
  for (const store of stores) {
    for (const place of placesFor(name)) contents.push(await readKeyPlace(store, place, reader))
  }
  const entries = contents.flatMap((content) => content.entries)
  const masks = new Set(entries.filter(({ key }) => key === undefined).map(({ fingerprint }) => fingerprint))
  const keys = new Map<string, KeyStoreEntry>()
  for (const entry of entries) if (entry.key !== undefined) keys.set(entry.fingerprint, entry)
  return {
    keys: [...keys.values()].filter(({ fingerprint }) => !masks.has(fingerprint)),
    masked: [...keys.values()].filter(({ fingerprint }) => masks.has(fingerprint)),
    masks,
    warnings: contents.flatMap(({ warnings }) => warnings),
  }
}

function placesFor(name: string): readonly KeyPlace[] {
  const components = name.split('/')
  const prefixes = components.map((_, index) => components.slice(0, index + 1).join('/'))
  return [{ kind: 'root' }, ...prefixes.map((prefix) => ({ kind: 'prefix' as const, prefix }))]
}
