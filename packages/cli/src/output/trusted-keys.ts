import type { KeyStoreEntry } from '@crossdock/signature-policy'

/** A key of a key store, for programs. */
export interface TrustedKeyDocument {
  readonly fingerprint: string
  /** Undefined: for images of every name. */
  readonly prefix?: string | undefined
  /** Whether it only takes trust away. */
  readonly masked: boolean
  readonly userIds: readonly string[]
  readonly path: string
}

export async function trustedKeysDocument(entries: readonly KeyStoreEntry[]): Promise<readonly TrustedKeyDocument[]> {
  const { readKeyRing } = await import('@crossdock/signature-policy')
  return entries.map(({ fingerprint, place, path, key }) => ({
    fingerprint,
    prefix: place.kind === 'root' ? undefined : place.prefix,
    masked: key === undefined,
    userIds: key === undefined ? [] : readKeyRing(key).flatMap(({ userIds }) => userIds),
    path,
  }))
}

/** The same, for people: nothing if there are none. */
export function formatTrustedKeys(keys: readonly TrustedKeyDocument[]): string {
  const lines = keys.map(({ fingerprint, prefix = 'every name', masked, userIds }) =>
    [fingerprint, prefix, masked ? 'masked' : userIds.join(', ')].join('  '),
  )
  return lines.map((line) => `${line}\n`).join('')
}
