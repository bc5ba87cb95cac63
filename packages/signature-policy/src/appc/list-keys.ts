import { join } from 'node:path'
import { appcNameProblem } from './appc-name.ts'
import { type KeyPlace, type KeyStoreContent, type KeyStoreReader, readKeyPlace } from './key-store.ts'

/** No name has more components. */
const MAX_DEPTH = 64

/** Every key and mask of a key store, and what is wrong in it. */
export async function listTrustedKeys(store: string, reader: KeyStoreReader): Promise<KeyStoreContent> {
  const contents = [await readKeyPlace(store, { kind: 'root' }, reader)]
  const places: KeyPlace[] = await below(join(store, 'prefix.d'), '', reader)
  for (const place of places) contents.push(await readKeyPlace(store, place, reader))
  return {
    entries: contents.flatMap(({ entries }) => entries),
    warnings: contents.flatMap(({ warnings }) => warnings),
  }
}

/** The names for which there are folders, parents before children. */
async function below(folder: string, name: string, reader: KeyStoreReader): Promise<KeyPlace[]> {
  const { readFolder, operation } = reader
  const components = (await readFolder(folder, operation)) ?? []
  const places: KeyPlace[] = []
  for (const component of components) {
    const prefix = name === '' ? component : `${name}/${component}`
    const path = join(folder, component)
    if (appcNameProblem(prefix) !== undefined || prefix.split('/').length > MAX_DEPTH) continue
    if ((await readFolder(path, operation)) === undefined) continue // a key
    places.push({ kind: 'prefix', prefix }, ...(await below(path, prefix, reader)))
  }
  return places
}
