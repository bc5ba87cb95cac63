import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const prefix = join(tmpdir(), 'crossdock-bench-test-')

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const { path, remove } = await removableFolder()
  onTestFinished(remove)
  return path
}

export async function removableFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(prefix)
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}
