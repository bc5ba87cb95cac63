import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { testImage, writeImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { CHILDREN_RUN, startChild } from '../../blob-files/test/children/run-child.ts'
import { dockerArchiveTransport, ociArchiveTransport } from '../src/index.ts'
import { fileOf, savedArchive, savedImage } from './archives.ts'
import { readImage } from './read-image.ts'
import { temporaryFolder } from './temporary-folder.ts'

const WRITE_SLOWLY = new URL('children/write-slowly.ts', import.meta.url)

describe.runIf(process.platform !== 'win32' && CHILDREN_RUN)('a process that is killed while it writes', () => {
  it.each([dockerArchiveTransport(), ociArchiveTransport()])(
    '$name: leaves the old archive, and what it left is gone after the next run',
    async (transport) => {
      const file = join(await temporaryFolder(), 'a.tar')
      const reference = transport.parseReference(file)
      const image = testImage({ format: 'docker' })
      await writeImage(reference, image)
      const before = await readFile(file)
      const { signal } = await startChild(WRITE_SLOWLY, [file, transport.name]).ended
      expect(signal).toBe('SIGKILL')
      expect((await readFile(file)).equals(before)).toBe(true)
      expect(await readdir(dirname(file))).toHaveLength(2)
      await writeImage(reference, image)
      expect(await readdir(dirname(file))).toEqual(['a.tar'])
      expect((await readFile(file)).equals(before)).toBe(true)
    },
  )
})

describe('the folder for temporary files', () => {
  it.skipIf(process.platform === 'win32')(
    'holds nothing while a packed archive is read, and nothing afterwards',
    async () => {
      const tmpDir = await temporaryFolder()
      const file = await fileOf(gzipSync(savedArchive(savedImage())))
      const reference = dockerArchiveTransport({ tmpDir }).parseReference(file)
      {
        await using source = await reference.openSource()
        await source.getManifest()
        expect(await readdir(tmpDir)).toEqual([])
      }
      await readImage(reference)
      expect(await readdir(tmpDir)).toEqual([])
    },
  )

  it('holds nothing after a failure or an abort', async () => {
    const tmpDir = await temporaryFolder()
    const file = await fileOf(gzipSync(savedArchive(savedImage({ layerBytes: 3_000_000 }))))
    const small = dockerArchiveTransport({ tmpDir, maxUnpackedBytes: 100_000 }).parseReference(file)
    await expect(small.openSource()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    const controller = new AbortController()
    const opening = dockerArchiveTransport({ tmpDir }).parseReference(file).openSource({ signal: controller.signal })
    setImmediate(() => controller.abort(new Error('enough')))
    await expect(opening).rejects.toThrow('enough')
    expect(await readdir(tmpDir)).toEqual([])
  })

  it('that is missing is named', async () => {
    const tmpDir = join(await temporaryFolder(), 'absent')
    const file = await fileOf(gzipSync(savedArchive(savedImage())))
    await expect(dockerArchiveTransport({ tmpDir }).parseReference(file).openSource()).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining(tmpDir),
    })
  })

  it('is left alone by what is not ours', async () => {
    const tmpDir = await temporaryFolder()
    await writeFile(join(tmpDir, 'new.txt'), 'x')
    const file = await fileOf(gzipSync(savedArchive(savedImage())))
    await readImage(dockerArchiveTransport({ tmpDir }).parseReference(file))
    expect(await readdir(tmpDir)).toEqual(['new.txt'])
  })
})
