import { mkdir } from 'node:fs/promises'
import { runProcess } from './start-process.ts'

export interface SmallDisk extends AsyncDisposable {
  readonly path: string
  /** Gives it another size, in MiB. */
  resize(size: number): Promise<void>
}

/** A file system of 3 MiB in memory; undefined where one cannot be mounted: only root on Linux may. */
export async function smallDisk(path: string): Promise<SmallDisk | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined
  await mkdir(path)
  const { exitCode } = await runProcess(['mount', '-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', path])
  if (exitCode !== 0) return undefined
  return {
    path,
    resize: async (size) => void (await runProcess(['mount', '-o', `remount,size=${size}m`, path])),
    [Symbol.asyncDispose]: async () => void (await runProcess(['umount', path])),
  }
}
