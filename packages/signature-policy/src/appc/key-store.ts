import { ImageError, type OperationOptions, quoteForeign } from '@crossdock/core'
import { join } from 'node:path'
import { readKeyRing } from '../simple/key-ring.ts'

/** How key stores are read. */
export interface KeyStoreReader {
  readonly readFile: (path: string, options: OperationOptions) => Promise<Uint8Array | undefined>
  readonly readFolder: (path: string, options: OperationOptions) => Promise<readonly string[] | undefined>
  readonly operation: OperationOptions
}

/** Where in a key store a key lies: for images of every name, or of this name and those below it. */
export type KeyPlace = { readonly kind: 'root' } | { readonly kind: 'prefix'; readonly prefix: string }

/** A file of a key store: a key, or the mask of one. */
export interface KeyStoreEntry {
  /** Of the primary key: 40 hexadecimal digits in lower case, the file's name. */
  readonly fingerprint: string
  readonly place: KeyPlace
  readonly path: string
  /** The OpenPGP key; undefined for a mask, which is an empty file and takes the key away wherever it lies. */
  readonly key?: Uint8Array | undefined
}

export interface KeyStoreContent {
  readonly entries: readonly KeyStoreEntry[]
  /** Of files that are not what their place says; they are left out, and do not harm the others. */
  readonly warnings: readonly string[]
}

const FINGERPRINT = /^[0-9a-f]{40}$/

/** Whether a file of this name holds a key, or masks one. */
export function isKeyName(name: string): boolean {
  return FINGERPRINT.test(name)
}

/** The folder of a place within a key store. */
export function keyFolder(store: string, place: KeyPlace): string {
  return place.kind === 'root' ? join(store, 'root.d') : join(store, 'prefix.d', ...place.prefix.split('/'))
}

/** What lies at one place of a key store. */
export async function readKeyPlace(store: string, place: KeyPlace, reader: KeyStoreReader): Promise<KeyStoreContent> {
  const folder = keyFolder(store, place)
  const entries: KeyStoreEntry[] = []
  const warnings: string[] = []
  for (const name of await namesIn(folder, reader, warnings)) {
    const path = join(folder, name)
    // Beside keys lie the folders of longer names.
    if (!isKeyName(name)) {
      if (place.kind === 'root') warnings.push(`${quoteForeign(path)} is not named by the fingerprint of a key`)
      continue
    }
    try {
      entries.push({ fingerprint: name, place, path, key: await readKeyFile(path, name, reader) })
    } catch (error) {
      reader.operation.signal?.throwIfAborted()
      warnings.push(messageOf(error))
    }
  }
  return { entries, warnings }
}

async function namesIn(
  folder: string,
  { readFolder, operation }: KeyStoreReader,
  warnings: string[],
): Promise<readonly string[]> {
  try {
    return (await readFolder(folder, operation)) ?? []
  } catch (error) {
    operation.signal?.throwIfAborted()
    warnings.push(messageOf(error))
    return []
  }
}

/** Undefined for an empty file. */
async function readKeyFile(
  path: string,
  fingerprint: string,
  { readFile, operation }: KeyStoreReader,
): Promise<Uint8Array | undefined> {
  const bytes = await readFile(path, operation)
  if (bytes === undefined) throw new ImageError('IO', `${quoteForeign(path)} is gone`)
  if (bytes.byteLength === 0) return undefined
  // More keys in one file would be trusted under the name of the first.
  const [first] = readKeyRing(bytes, quoteForeign(path))
  if (first?.fingerprint.toLowerCase() === fingerprint) return first.bytes
  throw new ImageError(
    'INVALID_DATA',
    `${quoteForeign(path)} holds the key ${first?.fingerprint ?? 'of nobody'}, not the one of its name`,
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
