import type { Platform } from '@crossdock/core'
import { hostPlatform } from '@crossdock/formats'
import { memoryTransport, testArtifact, testImage, testIndex, wrapTransport } from '@crossdock/transport-testkit'
import { beforeEach, expect, test } from 'vitest'
import { copyImage, type CopyOptions } from '../src/index.ts'

const platforms: readonly Platform[] = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64', variant: 'v8' },
  { os: 'windows', architecture: 'amd64' },
]
const index = testIndex({ platforms })
let memory = memoryTransport()

beforeEach(() => {
  memory = memoryTransport()
  memory.store.put('from:1', index)
})

function copy(options?: CopyOptions) {
  return copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'), options)
}

function instance(position: number): string {
  return index.manifests[position]?.digest ?? ''
}

function written(): unknown {
  const digest = memory.store.digest('to:1')
  const manifest = digest && memory.store.repository('to').manifests.get(digest)
  return manifest && JSON.parse(new TextDecoder().decode(manifest.bytes))
}

test("without a choice this machine's platform is taken out of the index", async () => {
  const { architecture } = hostPlatform()
  const result = await copy()
  expect(result.digest).toBe(instance(architecture === 'arm64' ? 1 : 0))
  expect(result.sourceDigest).toBe(index.root.digest)
  expect(memory.store.repository('to').manifests.size).toBe(1)
})

test('one platform is taken out of the index', async () => {
  expect((await copy({ platform: 'windows/amd64' })).digest).toBe(instance(2))
})

test('all platforms keep the index byte for byte', async () => {
  expect((await copy({ platforms: 'all' })).digest).toBe(index.root.digest)
  expect([...memory.store.repository('to').manifests.keys()].toSorted()).toEqual(
    index.manifests.map(({ digest }) => digest).toSorted(),
  )
})

test('some platforms make a valid index that says where it comes from', async () => {
  const result = await copy({ platforms: ['linux/*'] })
  expect(result.digest).not.toBe(index.root.digest)
  expect(written()).toMatchObject({
    annotations: { 'dev.crossdock.index.original': index.root.digest },
    manifests: [{ digest: instance(0) }, { digest: instance(1) }],
  })
  expect(memory.store.repository('to').manifests.has(index.manifests[2]?.digest as never)).toBe(false)
})

test('a sparse index keeps its bytes and lacks what was not asked for', async () => {
  const result = await copy({ platforms: ['linux/amd64'], subset: 'sparse' })
  expect(result.digest).toBe(index.root.digest)
  expect([...memory.store.repository('to').manifests.keys()]).toEqual([instance(0), index.root.digest])
  // Another platform can be added to it later.
  await copy({ platforms: ['linux/arm64'], subset: 'sparse' })
  expect(memory.store.repository('to').manifests.size).toBe(3)
})

test('preserving digests makes a subset sparse, and refuses to take one image out', async () => {
  expect((await copy({ platforms: ['linux/*'], preserveDigests: true })).digest).toBe(index.root.digest)
  await expect(copy({ preserveDigests: true })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  await expect(copy({ platforms: ['linux/*'], subset: 'rewrite', preserveDigests: true })).rejects.toMatchObject({
    code: 'UNSUPPORTED',
  })
})

test('a subset can be refused, unless everything matches', async () => {
  await expect(copy({ platforms: ['linux/*'], subset: 'refuse' })).rejects.toThrow(/only 2 of the 3 instances/)
  expect((await copy({ platforms: ['*/*'], subset: 'refuse' })).digest).toBe(index.root.digest)
})

test.each<[CopyOptions, RegExp]>([
  [{ platform: 'plan9/mips' }, /plan9\/mips.*linux\/amd64/s],
  [{ platforms: ['linux/amd64', 'plan9/*'] }, /plan9\/\*.*linux\/amd64/s],
])('%j is not found, and what there is is named', async (options, message) => {
  await expect(copy(options)).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringMatching(message) })
  expect(memory.store.has('to')).toBe(false)
})

test.each<CopyOptions>([
  { platform: 'linux/amd64', platforms: 'all' },
  { platforms: [] },
  { concurrency: 0 },
  { attempts: 1.5 },
])('%j makes no sense', async (options) => {
  await expect(copy(options)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
})

test('an image is taken out of an index in an index', async () => {
  const inner = testIndex({ seed: 'inner' })
  memory.store.put('from:1', testIndex({ seed: 'outer', platforms: [], entries: [inner] }))
  expect((await copy({ platform: 'linux/amd64' })).digest).toBe(inner.manifests[0]?.digest)
})

test('indexes nested too deep are refused', async () => {
  let nested = testImage()
  for (let depth = 0; depth < 12; depth += 1) nested = testIndex({ seed: `${depth}`, platforms: [], entries: [nested] })
  memory.store.put('from:1', nested)
  await expect(copy({ platforms: 'all' })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  await expect(copy({ platform: 'linux/amd64' })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
})

test('artifacts in an index come along with everything', async () => {
  const artifact = testArtifact()
  const mixed = testIndex({ seed: 'mixed', entries: [artifact] })
  memory.store.put('from:1', mixed)
  await copy({ platforms: 'all' })
  expect(memory.store.repository('to').manifests.has(artifact.root.digest)).toBe(true)
})

test('a destination named by a digest takes that image only', async () => {
  const dockerReference = { domain: 'example.com', path: 'to', digest: index.root.digest }
  const pinned = wrapTransport(memory, {
    destination: (destination) => ({ ...destination, reference: { ...destination.reference, dockerReference } }),
  })
  const to = pinned.parseReference('to:1')
  await expect(copyImage(memory.parseReference('from:1'), to, { platform: 'linux/amd64' })).rejects.toMatchObject({
    code: 'DIGEST_MISMATCH',
    side: 'destination',
  })
})

test('an index is not replaced by one of its images under its own name', async () => {
  const same = memory.parseReference('from:1')
  await expect(copyImage(same, same)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(/memory:from:1 is source and destination.* or to another name/),
  })
  expect(memory.store.digest('from:1')).toBe(index.root.digest)
  expect(await copyImage(same, same, { platforms: 'all' })).toMatchObject({ upToDate: true })
  const elsewhere = wrapTransport(memory, {
    destination: (destination) => ({ ...destination, reference: { ...destination.reference, service: 'another' } }),
  })
  expect(await copyImage(same, elsewhere.parseReference('from:1'))).toMatchObject({ upToDate: false })
  memory.store.put('from:1', index)
  const one = memory.parseReference('from:2')
  const { digest } = await copyImage(same, one)
  expect(memory.store.digest('from:2')).toBe(digest)
  expect(await copyImage(one, one)).toMatchObject({ upToDate: true })
})
