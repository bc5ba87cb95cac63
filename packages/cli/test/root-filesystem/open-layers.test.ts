import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { TarInput } from '@crossdock/archive'
import { digestEncoded } from '@crossdock/core'
import { memoryTransport, testImage, testSchema1 } from '@crossdock/transport-testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { layersOf } from '../../src/root-filesystem/open-layers.ts'
import { callMain } from '../call-main.ts'
import { file, sampleImage, symlink, tarOf, writeImage } from './write-image.ts'

let root: string
let image: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'crossdock-open-layers-'))
  image = await sampleImage(root)
})
afterAll(() => rm(root, { recursive: true }))

test.each([
  ['application/vnd.example.data', 'only images have a root filesystem'],
  ['application/vnd.oci.image.layer.v1.tar+gzip+encrypted', 'encrypted layers cannot be looked into'],
])('%s', async (layerType, says) => {
  const from = await writeImage(root, [[file('a')]], { layerType })
  for (const argv of commandsOn(from)) {
    const called = await callMain(argv)
    expect(called).toMatchObject({ exitCode: 1, stdout: '' })
    expect(called.stderr).toContain(says)
  }
})

test.each([
  ['a path that leads out', [file('ok')], '../x', 'has a ".."'],
  ['a whiteout of nothing', [], '.wh.', 'is a whiteout that names nothing'],
  ['a file below a link', [symlink('a', '/etc')], 'a/passwd', 'which is no folder'],
])('%s', async (_, before, path, says) => {
  const tar = await tarWith([...before, file('placeholder')], path)
  const from = await writeImage(root, [[file('a')], tar])
  for (const argv of commandsOn(from)) {
    const called = await callMain(argv)
    expect(called).toMatchObject({ exitCode: 5, stdout: '' })
    expect(called.stderr).toContain(says)
    expect(called.stderr).toContain('layer 1')
  }
})

test('of a schema 1 image, whose steps without files have none', async () => {
  const from = join(root, 'schema1')
  await mkdir(from)
  const { root: manifest, blobs } = testSchema1({ layerBytes: 10 })
  await writeFile(join(from, 'manifest.json'), manifest.bytes)
  await writeFile(join(from, 'version'), 'Directory Transport Version: 1.1\n')
  for (const { descriptor, bytes } of blobs) await writeFile(join(from, digestEncoded(descriptor.digest)), bytes)
  const layers = await callMain(['layers', '--json', `dir:${from}`])
  expect(JSON.parse(layers.stdout)).toMatchObject([{ createdBy: 'step 0' }, { createdBy: 'step 1' }])
  expect((await callMain(['ls', `dir:${from}`])).stdout).toContain('file-1')
  for (const argv of commandsOn(`dir:${from}`).filter(([name]) => name !== 'cat'))
    expect(await callMain(argv)).toMatchObject({ exitCode: 0 })
})

test('a layer that is another one than its name says', async () => {
  const from = await writeImage(root, [[file('a', 'right')]])
  const other = await writeImage(root, [[file('a', 'wrong')]])
  const [right, wrong] = [await layerFile(from), await layerFile(other)]
  await copyFile(wrong, right)
  for (const argv of commandsOn(from)) {
    const called = await callMain(argv)
    expect(called).toMatchObject({ exitCode: 5, stdout: '' })
    expect(called.stderr).toContain(basename(right))
  }
})

/** Every command that looks into an image. */
function commandsOn(from: string): readonly (readonly string[])[] {
  return [
    ['ls', from],
    ['cat', from, 'a'],
    ['layers', from],
    ['export', from],
    ['diff', from, image],
    ['diff', image, from],
  ]
}

/** Where the one layer of an image is. */
async function layerFile(name: string): Promise<string> {
  const [layer] = JSON.parse((await callMain(['layers', '--json', name])).stdout) as { readonly digest: string }[]
  return join(name.split(':')[1] ?? '', 'blobs', ...(layer?.digest ?? '').split(':'))
}

test('an image or an instance that is not there', async () => {
  for (const argv of commandsOn(`${image}y`)) {
    expect((await callMain(argv)).exitCode).toBe(2)
  }
  expect((await callMain(['ls', '--platform', 'no platform', image])).exitCode).toBe(64)
})

/** The last member gets a path that no writer of this project would give it. */
async function tarWith(members: readonly TarInput[], path: string): Promise<Uint8Array> {
  const tar = Buffer.from(await tarOf(members))
  const header = tar.subarray(-1024 - 512, -1024)
  header.fill(0, 0, 100)
  header.write(path)
  header.fill(0x20, 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return tar
}

test.each([
  [1, 1],
  [2, Math.min(2, availableParallelism())],
  [16, Math.min(3, availableParallelism())],
])('of a source that bears %i reads, %i layers are read at once', async (parallelBlobs, expected) => {
  const memory = memoryTransport({ sourceTraits: { parallelBlobs } })
  memory.store.put('app:1', testImage())
  await using source = await memory.parseReference('app:1').openSource()
  const operation = { signal: new AbortController().signal, onProgress: () => undefined }
  expect(await layersOf(source, { platform: undefined, operation })).toMatchObject({ concurrency: expected })
})
