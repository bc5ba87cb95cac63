import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { folderStorage, memoryStorage, type RegistryStorage } from '../src/index.ts'

/** A folder that is gone after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'registry-server-'))
  folders.push(folder)
  return folder
}

const folders: string[] = []

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 3 })
})

export const STORAGES: Readonly<Record<string, () => Promise<RegistryStorage>>> = {
  memory: async () => memoryStorage(),
  folder: async () => folderStorage(await temporaryFolder(), { durability: 'fast' }),
}
