import {
  type Digest,
  digestOf,
  ImageError,
  type ImageSource,
  type Signature,
  type UnparsedImage,
} from '@crossdock/core'
import { memoryTransport, type TestImage, testImage, testIndex, wrapTransport } from '@crossdock/transport-testkit'
import { describe, expect, test } from 'vitest'
import { copyImage, type CopyOptions } from '../src/index.ts'

const judgedSignature: Signature = { format: 'simple', bytes: new Uint8Array([1]) }
const otherSignature: Signature = { format: 'simple', bytes: new Uint8Array([2]) }

/** Takes all that there is to know into account, twice. */
async function thorough(image: UnparsedImage): Promise<void> {
  for (const _ of ['once', 'twice']) {
    await image.manifest()
    await image.signatures()
  }
}

/** Refuses indexes, so that their instances are judged. */
function refusing(index: Digest) {
  return async (image: UnparsedImage): Promise<void> => {
    await thorough(image)
    if ((await image.manifest()).digest === index) throw new ImageError('REJECTED_BY_POLICY', 'no')
  }
}

/** A source that gives its second answer to every question from the second time on. */
function wavering(image: TestImage, second: (source: ImageSource) => Partial<ImageSource>) {
  const [from, to] = [memoryTransport(), memoryTransport()]
  from.store.put('from:1', image, { signatures: [judgedSignature] })
  for (const { digest } of image.manifests) from.store.repository('from').signatures.set(digest, [judgedSignature])
  const asked = new Map<string, number>()
  const ask = <Value>(question: string, [first, later]: readonly [() => Value, () => Value]): Value => {
    const times = (asked.get(question) ?? 0) + 1
    asked.set(question, times)
    return times === 1 ? first() : later()
  }
  const source = wrapTransport(from, {
    source: (honest) => {
      const liar = { ...honest, ...second(honest) }
      return {
        ...honest,
        getManifest: (instance, options) =>
          ask(`manifest ${instance}`, [
            () => honest.getManifest(instance, options),
            () => liar.getManifest(instance, options),
          ]),
        getSignatures: (instance, options) =>
          ask(`signatures ${instance}`, [
            () => honest.getSignatures(instance, options),
            () => liar.getSignatures(instance, options),
          ]),
        getBlob: (blob, options) =>
          ask(`blob ${blob.digest}`, [() => honest.getBlob(blob, options), () => liar.getBlob(blob, options)]),
      }
    },
  })
  const copy = (options: CopyOptions) =>
    copyImage(source.parseReference('from:1'), to.parseReference('to:1'), { retryDelayMs: 1, ...options })
  return { copy, to, asked }
}

const image = testImage()
const index = testIndex()
const swapped = testImage({ seed: 'swapped' })

/** Other documents under the same name or digest, other signatures, other bytes. */
function lies(honest: ImageSource): Partial<ImageSource> {
  return {
    getManifest: async (instance) => ({ ...swapped.root, ...(instance && { digest: instance }) }),
    getSignatures: async () => [otherSignature],
    getBlob: async (blob, options) => {
      const reader = await honest.getBlob(blob, options)
      return {
        ...reader,
        async *[Symbol.asyncIterator]() {
          for await (const chunk of reader) yield chunk.map((byte) => byte ^ 1)
        },
      }
    },
  }
}

describe('a registry that answers differently the second time gains nothing', () => {
  test.each<[string, TestImage, CopyOptions]>([
    ['an image', image, { admit: thorough }],
    ['an image that nobody judges', image, {}],
    ['one platform of an index', index, { admit: thorough, platform: 'linux/amd64' }],
    [
      'one platform of an index that is refused',
      index,
      { admit: refusing(index.root.digest), platform: 'linux/amd64' },
    ],
    ['every platform', index, { admit: thorough, platforms: 'all' }],
    ['every platform of an index that is refused', index, { admit: refusing(index.root.digest), platforms: 'all' }],
    ['a sparse index', index, { admit: refusing(index.root.digest), platforms: ['linux/arm64'], subset: 'sparse' }],
  ])('%s', async (_, wanted, options) => {
    const { copy, to, asked } = wavering(wanted, lies)
    const { digest } = await copy(options)
    expect([...asked].filter(([, times]) => times > 1)).toEqual([])
    const digests = new Set<Digest>(wanted.manifests.map((manifest) => manifest.digest))
    const written = to.store.repository('to')
    expect(digests).toContain(digest)
    for (const [written_, signatures] of written.signatures) {
      expect(digests).toContain(written_)
      expect(signatures).toEqual([judgedSignature])
    }
    for (const { digest: manifest, bytes } of written.manifests.values()) {
      expect(bytes).toEqual(wanted.manifests.find((honest) => honest.digest === manifest)?.bytes)
    }
  })

  // A conversion reads the config, and looks at what it says, before it is read once more or made anew.
  test.each<[string, CopyOptions]>([
    ['with a config that is made of the first answer', { format: 'docker' }],
    ['to schema 1', { format: 'schema1' }],
    ['with layers that are packed', { layers: { format: 'gzip' } }],
  ])('a conversion %s', async (_, options) => {
    const { copy, to, asked } = wavering(testImage({ compression: 'none' }), lies)
    const { digest, sourceDigest } = await copy({ ...options, admit: thorough, signatures: 'drop', attempts: 1 })
    expect(digest).not.toBe(sourceDigest)
    expect([...asked].filter(([, times]) => times > 1)).toEqual([])
    for (const [blob, bytes] of to.store.repository('to').blobs) expect(digestOf(bytes)).toBe(blob)
  })

  test('a config that is other bytes when it is copied than when its system was looked at', async () => {
    const to = memoryTransport({ destinationTraits: { systems: ['linux'] } })
    const from = memoryTransport()
    from.store.put('from:1', image)
    let reads = 0
    const source = wrapTransport(from, {
      source: (honest) => ({
        ...honest,
        getBlob: async (blob, options) => {
          const isConfig = blob.digest === image.blobs[0]?.descriptor.digest
          if (isConfig) reads += 1
          return (isConfig && reads > 1 ? (lies(honest).getBlob ?? honest.getBlob) : honest.getBlob)(blob, options)
        },
      }),
    })
    const copy = copyImage(source.parseReference('from:1'), to.parseReference('to:1'), { attempts: 1 })
    await expect(copy).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', side: 'source' })
    expect(reads).toBe(2)
    expect(to.store.digest('to:1')).toBeUndefined()
  })

  test('a blob whose second half is another one after a break', async () => {
    const [from, to] = [memoryTransport({ chunkBytes: 500 }), memoryTransport()]
    const wanted = testImage({ layers: 1 })
    from.store.put('from:1', wanted)
    let breaks = 0
    const source = wrapTransport(from, {
      source: (honest) => ({
        ...honest,
        getBlob: async (blob, options) => {
          if (breaks > 0) return (lies(honest).getBlob ?? honest.getBlob)(blob, options)
          const reader = await honest.getBlob(blob, options)
          return {
            ...reader,
            async *[Symbol.asyncIterator]() {
              let sent = 0
              for await (const chunk of reader) {
                yield chunk
                sent += 1
                if (sent === 2) {
                  breaks += 1
                  throw new ImageError('UNAVAILABLE', 'reset', { retryable: true })
                }
              }
            },
          }
        },
      }),
    })
    const copy = copyImage(source.parseReference('from:1'), to.parseReference('to:1'), { attempts: 2, retryDelayMs: 1 })
    await expect(copy).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
    expect(to.store.digest('to:1')).toBeUndefined()
    for (const { descriptor } of wanted.blobs.slice(1)) expect(to.store.blob('to:1', descriptor.digest)).toBeUndefined()
  })
})
