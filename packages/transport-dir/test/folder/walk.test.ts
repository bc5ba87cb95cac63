import { rm, writeFile } from 'node:fs/promises'
import type { ManifestBytes } from '@crossdock/core'
import { testImage, type TestImage, testIndex } from '@crossdock/transport-testkit'
import { expect, it } from 'vitest'
import { folderPaths, type FolderPaths, instancePath } from '../../src/folder/paths.ts'
import { walkImage, type WalkedManifest } from '../../src/folder/walk.ts'
import { temporaryFolder } from '../temporary-folder.ts'

it('gives each manifest once, however often it is listed', async () => {
  const { paths, top } = await written(latticeOf(10))
  const walked = await collect(walkImage(paths, top))
  expect(walked[0]?.digest).toBe(top.digest)
  expect(new Set(walked.map(({ digest }) => digest)).size).toBe(walked.length)
  expect(walked).toHaveLength(1 + 2 * 10 + 2)
})

it('goes sixteen indexes deep', async () => {
  const deep = await written(latticeOf(15))
  expect(await collect(walkImage(deep.paths, deep.top))).toHaveLength(1 + 2 * 15 + 2)
  const deeper = await written(latticeOf(16))
  await expect(collect(walkImage(deeper.paths, deeper.top))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
})

it('says of what is missing, damaged or no manifest that it cannot be read', async () => {
  const image = testIndex({ entries: [testImage(), testImage({ seed: 'other' })] })
  const { paths, top } = await written(image)
  const [missing, damaged, whole] = image.manifests
  await rm(instancePath(paths, missing!.digest))
  await writeFile(instancePath(paths, damaged!.digest), 'damaged')
  const walked = new Map((await collect(walkImage(paths, top))).map(({ digest, manifest }) => [digest, manifest]))
  expect(walked.size).toBe(5)
  expect(walked.get(missing!.digest)).toBeUndefined()
  expect(walked.get(damaged!.digest)).toBeUndefined()
  expect(walked.get(whole!.digest)?.kind).toBe('image')
  const none = await collect(walkImage(paths, { ...top, bytes: Buffer.from('no JSON') }))
  expect(none).toEqual([{ digest: top.digest, manifest: undefined } satisfies WalkedManifest])
})

it('ends with the reason of an abort', async () => {
  const { paths, top } = await written(testIndex())
  const controller = new AbortController()
  const walk = walkImage(paths, top, { signal: controller.signal })
  await walk.next()
  controller.abort('enough')
  await expect(walk.next()).rejects.toBe('enough')
})

/** Indexes that all list the same two indexes below them; at the end are images. */
function latticeOf(depth: number): TestImage {
  let below = [testImage(), testImage({ seed: 'other' })]
  for (let level = 0; level < depth; level++) {
    below = [below, below.toReversed()].map((entries) => testIndex({ platforms: [], entries }))
  }
  return testIndex({ platforms: [], entries: below })
}

async function written(image: TestImage): Promise<{ readonly paths: FolderPaths; readonly top: ManifestBytes }> {
  const paths = folderPaths(await temporaryFolder())
  const files = new Map(image.manifests.map(({ digest, bytes }) => [instancePath(paths, digest), bytes]))
  for (const [path, bytes] of files) await writeFile(path, bytes)
  return { paths, top: image.root }
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = []
  for await (const item of items) collected.push(item)
  return collected
}
