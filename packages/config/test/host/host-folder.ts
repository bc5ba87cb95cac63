import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { HostEnvironment } from '../../src/index.ts'

/** A machine in a folder, which ends with the test. */
export interface HostFolder {
  readonly root: string
  readonly host: HostEnvironment
  /** The path on this machine of one on that machine. */
  path(path: string): string
}

/** Files by their path on that machine; the home folder is `/home/me`. */
export async function hostFolder(
  files: Readonly<Record<string, string | Uint8Array>> = {},
  options: Partial<HostEnvironment> = {},
): Promise<HostFolder> {
  const root = await mkdtemp(join(tmpdir(), 'crossdock-host-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
  const host = { env: {}, home: join(root, 'home/me'), platform: 'linux', uid: 1000, root, ...options } as const
  return { root, host, path: (path) => join(root, path) }
}
