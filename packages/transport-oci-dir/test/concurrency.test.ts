import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { testImage, writeImage } from '@crossdock/transport-testkit'
import { expect, it } from 'vitest'
import { ociDirTransport } from '../src/index.ts'
import { CHILDREN_RUN, runChild } from '../../blob-files/test/children/run-child.ts'
import { collect } from './collect.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { readImage, strayFiles, wrongBlobs } from './verify-layout.ts'

const oci = ociDirTransport()

it.runIf(CHILDREN_RUN)(
  'keeps every name that six processes write in rounds, and a reader never sees half a file',
  async () => {
    const folder = await temporaryFolder()
    await writeImage(oci.parseReference(`${folder}:old`), testImage())
    const [processes, rounds] = [6, 3]
    const running = new AbortController()
    let reads = 0
    const reader = (async () => {
      while (!running.signal.aborted) {
        const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as { manifests: unknown[] }
        expect(index.manifests.length).toBeGreaterThan(0)
        reads++
      }
    })()
    const names = Array.from({ length: processes }, (_, index) => `p${index}`)
    await Promise.all(
      names.map((name) =>
        runChild(new URL('./children/write-tags.ts', import.meta.url), [folder, name, String(rounds)]),
      ),
    )
    running.abort()
    await reader
    expect(reads).toBeGreaterThan(processes * rounds)
    const written = names.flatMap((name) => Array.from({ length: rounds }, (_, round) => `${name}-${round}`))
    expect((await collect(oci.parseReference(folder).tags())).toSorted()).toEqual(['old', ...written].toSorted())
    for (const name of written) await readImage(`${folder}:${name}`)
    expect(await wrongBlobs(folder)).toEqual([])
    expect(await strayFiles(folder)).toEqual([])
  },
  60_000,
)

it('lets many of one process write the same image under the same name', async () => {
  const folder = await temporaryFolder()
  const image = testImage()
  await Promise.all(Array.from({ length: 12 }, () => writeImage(oci.parseReference(`${folder}:t`), image)))
  expect(await readImage(`${folder}:t`)).toBe(image.root.digest)
  expect(await collect(oci.parseReference(folder).tags())).toEqual(['t'])
  expect(await strayFiles(folder)).toEqual([])
})
