import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { expect, onTestFinished, test } from 'vitest'
import { fillRegistry } from '../src/fill-registry.ts'
import { demandOfRegistry, type RegistryAddress } from '../src/registry-client.ts'
import { verifyOutcome } from '../src/verify.ts'
import { randomImage, sharedImage } from './random-image.ts'
import { temporaryFolder } from './temporary-folder.ts'

const image = sharedImage([1000, 1])

async function copyOfImage(): Promise<string> {
  const folder = join(await temporaryFolder(), 'copy')
  await cp(image().folder, folder, { recursive: true, dereference: true })
  return folder
}

async function filled(): Promise<RegistryAddress> {
  const server = await startRegistry()
  onTestFinished(() => server.close())
  const address = { port: Number(server.host.split(':').at(-1)), tls: false }
  await fillRegistry(address, 'a/b', image())
  return address
}

const outcome = (address: RegistryAddress, tag = 'latest') =>
  ({ kind: 'registry', address, repository: 'a/b', tag }) as const

test('a source names its image alone, with all its blobs', async () => {
  const index = JSON.parse(await readFile(join(image().folder, 'index.json'), 'utf8')) as { manifests: unknown[] }
  expect(index.manifests).toHaveLength(1)
  await verifyOutcome({ kind: 'folder', folder: image().folder }, image(), '')
})

test('a folder with another image, or without a blob, is found out', async () => {
  const other = await randomImage([5])
  const verifying = verifyOutcome({ kind: 'folder', folder: other.folder }, image(), '')
  await expect(verifying).rejects.toThrow(`it ended well, but index.json lacks ${image().digest}`)
  const folder = await copyOfImage()
  const layer = image().graph.children[0]?.blobs[1]?.digest ?? ''
  await rm(join(folder, 'blobs', 'sha256', layer.slice(7)))
  await expect(verifyOutcome({ kind: 'folder', folder }, image(), '')).rejects.toThrow(`${layer} is missing`)
})

test('a changed byte in a folder is found out', async () => {
  const folder = await copyOfImage()
  for (const name of await readdir(join(folder, 'blobs', 'sha256'))) {
    const path = join(folder, 'blobs', 'sha256', name)
    const bytes = await readFile(path)
    if (bytes.byteLength !== 1000) continue
    bytes[500] = (bytes[500] ?? 0) ^ 1
    await writeFile(path, bytes)
  }
  await expect(verifyOutcome({ kind: 'folder', folder }, image(), '')).rejects.toThrow('has content of')
})

test('a registry that has all of it passes; another tag, a missing blob and a missing child do not', async () => {
  const address = await filled()
  await verifyOutcome(outcome(address), image(), '')
  await verifyOutcome(outcome(address, 'v1.7'), image(), '')
  await expect(verifyOutcome(outcome(address, 'v2'), image(), '')).rejects.toThrow('a/b/manifests/v2 is missing')
  const remove = (path: string) => demandOfRegistry(address, { method: 'DELETE', path: `/v2/a/b/${path}` })
  const [child] = image().graph.children
  const blob = child?.blobs[0]?.digest ?? ''
  await remove(`blobs/${blob}`)
  await expect(verifyOutcome(outcome(address), image(), '')).rejects.toThrow(`a/b/blobs/${blob} is missing`)
  await remove(`manifests/${child?.descriptor.digest}`)
  await expect(verifyOutcome(outcome(address), image(), '')).rejects.toThrow(
    `a/b/manifests/${child?.descriptor.digest} is missing`,
  )
})

test('a tag that names something else is found out', async () => {
  const address = await filled()
  const [child] = image().graph.children
  const path = `/v2/a/b/manifests/${child?.descriptor.digest}`
  const { body, headers } = await demandOfRegistry(address, { method: 'GET', path })
  const type = { 'content-type': headers['content-type'] ?? '' }
  await demandOfRegistry(address, { method: 'PUT', path: '/v2/a/b/manifests/latest', headers: type, body })
  await expect(verifyOutcome(outcome(address), image(), '')).rejects.toThrow('a/b/manifests/latest is sha256:')
})

test.each(['v1\nv2\n', '{"Tags":["v1","v2"]}'])('words are found in %j', async (stdout) => {
  await expect(verifyOutcome({ kind: 'output', words: ['v1', 'v2'] }, image(), stdout)).resolves.toBeUndefined()
})

test.each(['v1\nv20\n', ''])('words are missed in %j', async (stdout) => {
  const verifying = verifyOutcome({ kind: 'output', words: ['v1', 'v2'] }, image(), stdout)
  await expect(verifying).rejects.toThrow('it does not print v2')
})
