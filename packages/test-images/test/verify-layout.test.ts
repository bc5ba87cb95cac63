import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '@crossdock/core'
import { expect, test } from 'vitest'
import { buildImages } from '../src/build-images.ts'
import { verifyLayout } from '../src/verify-layout.ts'
import { inputTree, temporaryFolder } from './input-tree.ts'

async function layoutWithLayer(): Promise<{ folder: string; layer: string; path: string }> {
  const [image] = await buildImages({
    folder: await temporaryFolder(),
    shapes: ['one-layer'],
    scale: 0.001,
    roots: await inputTree(),
  })
  if (image === undefined) throw new Error('nothing was built')
  const blob = (digest: string): string => join(image.folder, 'blobs', 'sha256', digest.slice(7))
  const manifest = JSON.parse(await readFile(blob(image.digest), 'utf8')) as { layers: { digest: string }[] }
  const layer = manifest.layers[0]?.digest ?? ''
  return { folder: image.folder, layer, path: blob(layer) }
}

test('a flipped byte is found', async () => {
  const { folder, layer, path } = await layoutWithLayer()
  const bytes = await readFile(path)
  bytes[100] = (bytes[100] ?? 0) ^ 1
  await writeFile(path, bytes)
  expect((await verifyLayout(folder)).problems).toEqual([`${layer} has content of ${digestOf(bytes)}`])
})

test('a missing blob is found', async () => {
  const { folder, layer, path } = await layoutWithLayer()
  await rm(path)
  expect((await verifyLayout(folder)).problems).toEqual([`${layer} is missing`])
})

test('a cut blob is found by its size too', async () => {
  const { folder, layer, path } = await layoutWithLayer()
  const bytes = (await readFile(path)).subarray(0, 1000)
  const { length } = await readFile(path)
  await writeFile(path, bytes)
  expect((await verifyLayout(folder)).problems).toEqual([
    `${layer} has content of ${digestOf(bytes)}`,
    `${layer} has 1000 bytes instead of ${length}`,
  ])
})

test('what nothing reaches is listed, and another root is not found', async () => {
  const { folder, layer } = await layoutWithLayer()
  await writeFile(join(folder, 'blobs', 'sha256', 'stray'), 'x')
  const other = digestOf(Buffer.from(layer))
  const report = await verifyLayout(folder)
  expect(report.unreached).toEqual(['blobs/sha256/stray'])
  expect(report.problems).toEqual([])
  expect((await verifyLayout(folder, { root: other })).problems).toEqual([`index.json lacks ${other}`])
})
