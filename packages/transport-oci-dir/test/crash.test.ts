import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesBody, digestEncoded } from '@crossdock/core'
import { randomBytes, recordedBody, testBlob, writeImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { ociDirTransport } from '../src/index.ts'
import { imageWithReferrer } from './children/image-with-referrer.ts'
import { CHILDREN_RUN, startChild } from '../../blob-files/test/children/run-child.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { readImage, strayFiles, wrongBlobs } from './verify-layout.ts'

const oci = ociDirTransport()
const POSIX = process.platform !== 'win32'

describe.runIf(POSIX && CHILDREN_RUN)('a process that is killed', () => {
  it.each([2_300_000, 3_456_789, 4_950_000])(
    'while it writes a blob leaves its bytes to the next, killed at byte %i',
    async (killAt) => {
      const folder = await temporaryFolder()
      const size = 5_000_000
      const { signal } = await startChild(new URL('./children/write-slowly.ts', import.meta.url), [
        folder,
        String(size),
        String(killAt),
      ]).ended
      expect(signal).toBe('SIGKILL')
      expect(await wrongBlobs(folder)).toEqual([])

      const { bytes, descriptor } = testBlob(randomBytes(size, 'slowly'))
      await using destination = await oci.parseReference(folder).openDestination!()
      const kept = (await destination.partialBlob?.(descriptor)) ?? 0
      expect(kept).toBeGreaterThan(killAt - 2_200_000)
      expect(kept).toBeGreaterThan(0)
      expect(kept).toBeLessThan(killAt + 50_000)
      const body = recordedBody(bytesBody(bytes))
      await destination.putBlob(body, descriptor)
      expect(body.offsets).toEqual([kept])
      expect((await readFile(join(folder, 'blobs/sha256', digestEncoded(descriptor.digest)))).equals(bytes)).toBe(true)
      expect(await strayFiles(folder)).toEqual([])
    },
  )

  it('at any step of writing an image leaves the old image or the new one, and nothing after the next run', async () => {
    const [before, after] = [imageWithReferrer('before'), imageWithReferrer('after')]
    const complete = await temporaryFolder()
    const whole = await startChild(new URL('./children/die-at-step.ts', import.meta.url), [
      `${complete}:t`,
      'after',
      '0',
    ]).ended
    const steps = Number(whole.output)
    expect(steps).toBeGreaterThan(40)

    const outcomes = new Set<string>()
    const run = async (step: number): Promise<void> => {
      const folder = await temporaryFolder()
      await writeImage(oci.parseReference(`${folder}:t`), before)
      const { signal, output } = await startChild(new URL('./children/die-at-step.ts', import.meta.url), [
        `${folder}:t`,
        'after',
        String(step),
      ]).ended
      expect(signal === 'SIGKILL' ? '0' : output).toMatch(/^[0-9]+$/) // a layout that is there takes fewer steps
      const digest = await readImage(`${folder}:t`)
      expect([before.root.digest, after.root.digest]).toContain(digest)
      outcomes.add(digest)
      expect(await wrongBlobs(folder)).toEqual([])
      await writeImage(oci.parseReference(`${folder}:t`), after)
      expect(await readImage(`${folder}:t`)).toBe(after.root.digest)
      expect(await strayFiles(folder)).toEqual([])
    }
    // Every step of committing, which is what comes last, and every third one before.
    const queue = Array.from({ length: steps }, (_, index) => index + 1).filter(
      (step) => step % 3 === 0 || step > steps - 35,
    )
    const worker = async (): Promise<void> => {
      for (let step = queue.shift(); step !== undefined; step = queue.shift()) await run(step)
    }
    await Promise.all([worker(), worker()])
    expect(outcomes).toEqual(new Set([before.root.digest, after.root.digest]))
  }, 120_000)

  it('while it makes a layout leaves something that can be gone on with', async () => {
    for (const step of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      const folder = join(await temporaryFolder(), 'new')
      await startChild(new URL('./children/die-at-step.ts', import.meta.url), [`${folder}:t`, 'after', String(step)])
        .ended
      await writeImage(oci.parseReference(`${folder}:t`), imageWithReferrer('after'))
      expect(await readImage(`${folder}:t`)).toBe(imageWithReferrer('after').root.digest)
      expect(await strayFiles(folder)).toEqual([])
    }
  })
})

describe.runIf(POSIX && CHILDREN_RUN)('a limit of the system', () => {
  it('is named with the path, and nothing of the blob is left', async () => {
    const folder = await temporaryFolder()
    const limited = ['sh', '-c', 'trap "" XFSZ; ulimit -f 2000; exec "$@"', 'sh']
    const child = startChild(
      new URL('./children/write-slowly.ts', import.meta.url),
      [folder, '5000000', '9999999'],
      limited,
    )
    const { code, output } = await child.ended
    expect(code).not.toBe(0)
    expect(output).toContain("code: 'IO'")
    expect(output).toContain('EFBIG')
    expect(output).toContain(folder)
    expect(await readdir(join(folder, '.crossdock/partial'))).toEqual([])
  })
})
