import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder that is gone when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'crossdock-store-'))
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  return folder
}

/** What is in a folder; without what an SQLite that uses no log leaves empty beside a database. */
export async function filesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => !name.endsWith('.db-journal')).toSorted()
}
