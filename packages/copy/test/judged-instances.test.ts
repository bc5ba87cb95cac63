import { type Digest, ImageError, type UnparsedImage } from '@crossdock/core'
import {
  memoryTransport,
  rootDescriptor,
  testArtifact,
  testBlob,
  type TestImage,
  testImage,
  testIndex,
  testManifest,
  type TracedCall,
  tracing,
  withReferrers,
} from '@crossdock/transport-testkit'
import { describe, expect, test } from 'vitest'
import { copyImage, type CopyOptions, planCopy } from '../src/index.ts'

const INDEX = 'application/vnd.oci.image.index.v1+json'
const index = testIndex()
const [amd64, arm64] = index.manifests.map(({ digest }) => digest)

/** Accepts these digests and nothing else; says what it was asked about. */
function accepting(...accepted: readonly (Digest | undefined)[]) {
  const asked: Digest[] = []
  const admit = async (image: UnparsedImage): Promise<void> => {
    const { digest } = await image.manifest()
    asked.push(digest)
    if (!accepted.includes(digest)) throw new ImageError('REJECTED_BY_POLICY', `not ${digest.slice(0, 14)}`)
  }
  return { admit, asked }
}

async function readingAll(image: UnparsedImage): Promise<void> {
  await image.manifest()
  await image.signatures()
}

function copying(image: TestImage, options: CopyOptions) {
  const memory = memoryTransport()
  memory.store.put('from:1', image)
  const log: TracedCall[] = []
  const traced = tracing(memory, log)
  const copy = () => copyImage(traced.parseReference('from:1'), traced.parseReference('to:1'), options)
  const plan = () => planCopy(traced.parseReference('from:1'), traced.parseReference('to:1'), options)
  return { copy, plan, memory, log }
}

describe('of an index that is refused', () => {
  test('the one image that is copied is judged in its place', async () => {
    const { admit, asked } = accepting(amd64)
    const { copy, memory } = copying(index, { admit, platform: 'linux/amd64' })
    await copy()
    expect(asked).toEqual([index.root.digest, amd64])
    expect(memory.store.digest('to:1')).toBe(amd64)
  })

  test('another image that is accepted is of no use', async () => {
    const { admit } = accepting(arm64)
    const { copy, plan, memory } = copying(index, { admit, platform: 'linux/amd64' })
    for (const refused of [copy(), plan()]) {
      await expect(refused).rejects.toMatchObject({
        code: 'REJECTED_BY_POLICY',
        message: expect.stringMatching(
          `index .* was refused.*for linux/amd64.*index: not ${index.root.digest.slice(0, 14)}.*image: not ${amd64?.slice(0, 14)}`,
        ),
      })
    }
    expect(memory.store.has('to')).toBe(false)
    expect(memory.store.blobOpens).toEqual([])
  })

  test('every image has to be accepted if all are copied', async () => {
    const { copy } = copying(index, { admit: accepting(amd64).admit, platforms: 'all' })
    await expect(copy()).rejects.toMatchObject({ code: 'REJECTED_BY_POLICY' })
    const all = copying(index, { admit: accepting(amd64, arm64).admit, platforms: 'all' })
    expect((await all.copy()).digest).toBe(index.root.digest)
  })

  test.each(['rewrite', 'sparse'] as const)('those that are copied are judged, and no others (%s)', async (subset) => {
    const { admit, asked } = accepting(arm64)
    const { copy } = copying(index, { admit, platforms: ['linux/arm64'], subset })
    await copy()
    expect(asked).toEqual([index.root.digest, arm64])
  })

  test('an image that is no index stays refused, by the very same refusal', async () => {
    const refusal = new ImageError('REJECTED_BY_POLICY', 'no')
    const admit = (): never => {
      throw refusal
    }
    await expect(copying(testImage(), { admit }).copy()).rejects.toBe(refusal)
  })

  test('what cannot be read stays refused, and what is wrong with it is not told', async () => {
    const broken = testManifest({ schemaVersion: 2, manifests: 7 }, { mediaType: INDEX })
    const { admit } = accepting()
    await expect(copying({ root: broken, manifests: [broken], blobs: [] }, { admit }).copy()).rejects.toMatchObject({
      code: 'REJECTED_BY_POLICY',
      message: expect.stringMatching(/^not sha256:/),
    })
  })

  test.each<CopyOptions>([{ platform: 'linux/amd64' }, { platforms: 'all' }])(
    'a failure of the judge is that of nobody else, and comes out as it is (%o)',
    async (options) => {
      const failure = new TypeError('a defect of the judge')
      const admit = async (image: UnparsedImage): Promise<void> => {
        if (image.instance !== undefined) throw failure
        throw new ImageError('REJECTED_BY_POLICY', 'no')
      }
      await expect(copying(index, { ...options, admit }).copy()).rejects.toBe(failure)
    },
  )

  test('a failure of the judge is no refusal', async () => {
    const failure = new ImageError('IO', 'the key is not readable')
    const admit = (): never => {
      throw failure
    }
    const { copy, log } = copying(index, { admit, platform: 'linux/amd64' })
    await expect(copy()).rejects.toBe(failure)
    expect(log.filter(({ method }) => method === 'source.getManifest')).toEqual([])
  })

  test('an index without entries is not accepted for want of something to refuse', async () => {
    const root = testManifest({ schemaVersion: 2, mediaType: INDEX, manifests: [] }, { mediaType: INDEX })
    const { copy } = copying({ root, manifests: [root], blobs: [] }, { admit: accepting().admit, platforms: 'all' })
    await expect(copy()).rejects.toMatchObject({ message: expect.stringContaining('no image that could be judged') })
  })

  test('content that is no image is refused: nobody can judge it', async () => {
    const image = testImage()
    const loose = testBlob(new TextEncoder().encode('loose'), { mediaType: 'text/plain' })
    const manifests = [rootDescriptor(image), loose.descriptor]
    const root = testManifest({ schemaVersion: 2, mediaType: INDEX, manifests }, { mediaType: INDEX })
    const mixed = { root, manifests: [image.root, root], blobs: [...image.blobs, loose] }
    const { copy } = copying(mixed, { admit: accepting(image.root.digest).admit, platforms: 'all' })
    await expect(copy()).rejects.toMatchObject({ message: expect.stringContaining('is no image and cannot be judged') })
    await copying(mixed, { admit: accepting(root.digest).admit, platforms: 'all' }).copy()
  })

  test('an index in it that is accepted vouches for what it lists; one that is refused is looked into', async () => {
    const nested = testIndex({ seed: 'nested' })
    const outer = testIndex({ entries: [nested] })
    const images = outer.manifests.slice(0, 2).map(({ digest }) => digest)
    const inner = nested.manifests.slice(0, 2).map(({ digest }) => digest)
    const vouched = accepting(...images, nested.root.digest)
    await copying(outer, { admit: vouched.admit, platforms: 'all' }).copy()
    expect(vouched.asked).not.toContain(inner[0])
    const each = accepting(...images, ...inner)
    await copying(outer, { admit: each.admit, platforms: 'all' }).copy()
    expect(each.asked).toContain(inner[1])
    const one = copying(outer, { admit: accepting(...images, inner[0]).admit, platforms: 'all' })
    await expect(one.copy()).rejects.toMatchObject({ code: 'REJECTED_BY_POLICY' })
  })

  test('the image of an index in it is judged if that index is refused, too', async () => {
    const inner = testIndex({ seed: 'inner' })
    const outer = testIndex({ platforms: [], entries: [inner] })
    const digest = inner.manifests[0]?.digest
    const { admit, asked } = accepting(digest)
    await copying(outer, { admit, platform: 'linux/amd64' }).copy()
    expect(asked).toEqual([outer.root.digest, inner.root.digest, digest])
    const vouched = accepting(inner.root.digest)
    await copying(outer, { admit: vouched.admit, platform: 'linux/amd64' }).copy()
    expect(vouched.asked).toEqual([outer.root.digest, inner.root.digest])
  })

  test('an image is refused although the destination has it', async () => {
    const memory = memoryTransport()
    memory.store.put('from:1', index)
    const [from, to] = [memory.parseReference('from:1'), memory.parseReference('to:1')]
    await copyImage(from, to, { platforms: 'all' })
    const again = copyImage(from, to, { platforms: 'all', admit: accepting(amd64).admit })
    await expect(again).rejects.toMatchObject({ code: 'REJECTED_BY_POLICY' })
  })

  test('each document is read once, whether it is judged or not', async () => {
    const judging = accepting(amd64, arm64)
    const admit = async (image: UnparsedImage): Promise<void> => {
      await image.signatures()
      await judging.admit(image)
    }
    const plain = await count({ platforms: 'all' })
    expect(await count({ platforms: 'all', admit: readingAll })).toBe(plain)
    expect(await count({ platforms: 'all', admit })).toBe(plain)
  })
})

/** How often a copy asks the source for a document or its signatures. */
async function count(options: CopyOptions): Promise<number> {
  const { copy, log } = copying(index, options)
  await copy()
  return log.filter(({ method }) => /^source\.get(?:Manifest|Signatures)$/.test(method)).length
}

test('of an index that is accepted nothing else is judged', async () => {
  const { admit, asked } = accepting(index.root.digest)
  await copying(index, { admit, platforms: 'all' }).copy()
  await copying(index, { admit, platform: 'linux/amd64' }).copy()
  expect(asked).toEqual([index.root.digest, index.root.digest])
})

test('what refers to an accepted image is not judged: it is data about it', async () => {
  const image = testImage()
  const sbom = testArtifact({ subject: rootDescriptor(image) })
  const { admit, asked } = accepting(image.root.digest)
  await copying(withReferrers(image, [sbom]), { admit, referrers: true }).copy()
  expect(asked).toEqual([image.root.digest])
})
