import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { testImage, writeImage } from '@crossdock/transport-testkit'
import { expect, it, onTestFinished, vi } from 'vitest'
import { dockerArchiveTransport, ociArchiveTransport } from '../src/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Counts flushes of files and folders from here on. */
async function countFlushes(): Promise<() => number> {
  const handle = await open(import.meta.filename)
  const prototype = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  const spy = vi.spyOn(prototype, 'sync')
  onTestFinished(() => spy.mockRestore())
  return () => spy.mock.calls.length
}

it.skipIf(process.platform === 'win32').each([dockerArchiveTransport, ociArchiveTransport])(
  '%o flushes the file and its folder unless it is to be fast',
  async (factory) => {
    const folder = await temporaryFolder()
    const flushes = await countFlushes()
    const image = testImage({ format: 'docker' })
    await writeImage(factory({ durability: 'fast' }).parseReference(join(folder, 'fast.tar')), image)
    expect(flushes()).toBe(0)
    await writeImage(factory().parseReference(join(folder, 'full.tar')), image)
    expect(flushes()).toBe(2)
  },
)
