import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ifExists, naming, replaceFile } from '@crossdock/blob-files'
import { ImageError, quoteForeign } from '@crossdock/core'
import { readKeyRing } from '../simple/key-ring.ts'
import { loadOpenPgp } from '../simple/openpgp-library.ts'
import { appcNameProblem } from './appc-name.ts'
import { isKeyName, keyFolder, type KeyPlace, type KeyStoreEntry } from './key-store.ts'

/** A place in a key store. */
export interface KeyLocation {
  /** The folder with `root.d` and `prefix.d`. */
  readonly store: string
  readonly place: KeyPlace
}

/**
 * Trusts the public keys of a file, binary or armoured: each becomes an armoured file named by its fingerprint, in place of one that is
 * there, a mask too. Throws `INVALID_DATA` if there is no key in it, or a secret one, and for a prefix that is no name; `IO`.
 */
export async function addTrustedKeys(keys: Uint8Array, location: KeyLocation): Promise<readonly KeyStoreEntry[]> {
  const folder = placeFolder(location)
  const { armor, enums } = await loadOpenPgp()
  const added: KeyStoreEntry[] = []
  for (const { fingerprint: primary, bytes } of readKeyRing(keys)) {
    const fingerprint = primary.toLowerCase()
    // Keys of a newer kind have longer ones, which a key store does not know.
    if (!isKeyName(fingerprint))
      throw new ImageError('UNSUPPORTED', `the key ${primary} is of a version that key stores do not take`)
    const path = join(folder, fingerprint)
    await writeFile(folder, path, Buffer.from(armor(enums.armor.publicKey, bytes)))
    added.push({ fingerprint, place: location.place, path, key: bytes })
  }
  return added
}

/** No longer trusts a key at this place. Whether it was there. Keys elsewhere, in the system's store for one, stay trusted. */
export async function removeTrustedKey(fingerprint: string, location: KeyLocation): Promise<boolean> {
  const path = keyPath(fingerprint, location)
  const removed = await naming('remove', path, () => ifExists(rm(path).then(() => true)))
  return removed ?? false
}

/** Takes trust away from a key for all names that the place is for, in whatever store and place the key lies. */
export async function maskTrustedKey(fingerprint: string, location: KeyLocation): Promise<void> {
  await writeFile(placeFolder(location), keyPath(fingerprint, location), new Uint8Array())
}

function keyPath(fingerprint: string, location: KeyLocation): string {
  const name = fingerprint.toLowerCase()
  if (isKeyName(name)) return join(placeFolder(location), name)
  throw new ImageError('INVALID_DATA', `"${quoteForeign(fingerprint, 60)}" is no fingerprint: 40 hexadecimal digits`)
}

function placeFolder({ store, place }: KeyLocation): string {
  const problem = place.kind === 'root' ? undefined : appcNameProblem(place.prefix)
  if (problem === undefined) return keyFolder(store, place)
  const shown = place.kind === 'root' ? '' : quoteForeign(place.prefix, 100)
  throw new ImageError('INVALID_DATA', `keys cannot be kept for "${shown}": ${problem}`)
}

async function writeFile(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  await naming('create', folder, () => mkdir(folder, { recursive: true }))
  await replaceFile(path, { bytes, work: folder, durable: true })
}
