import {
  type BlobReader,
  CONTRACT,
  digestOf,
  type Digest,
  type ImageReference,
  type ImageSource,
  type ImageTransport,
  type ManifestBytes,
  type OperationOptions,
  unparsedImage,
} from '@crossdock/core'
import { expect, test } from 'vitest'
import { loadImage } from '../src/index.ts'
import { bytesOf, CONFIG, IMAGE, INDEX, manifestBytes } from './documents.ts'

interface Served {
  readonly source: ImageSource
  /** What happened to blob readers. */
  readonly log: string[]
}

const transport: ImageTransport = {
  '~transport': { contract: CONTRACT, vendor: 'test' },
  name: 'test',
  parseReference: () => reference,
  validatePolicyScope: () => undefined,
}
const reference: ImageReference = { transport, toString: () => 'image' }

function serve(manifest: ManifestBytes, chunks: readonly Uint8Array[] = []): Served {
  const log: string[] = []
  const source: ImageSource = {
    reference,
    traits: {},
    getManifest: async (_instance?: Digest, options?: OperationOptions) => {
      options?.signal?.throwIfAborted()
      return manifest
    },
    getBlob: async (): Promise<BlobReader> => ({
      size: undefined,
      async *[Symbol.asyncIterator]() {
        for (const chunk of chunks) {
          log.push(`read ${chunk.byteLength}`)
          yield chunk
        }
      },
      [Symbol.asyncDispose]: async () => void log.push('released'),
    }),
    getSignatures: async () => [],
    [Symbol.asyncDispose]: async () => undefined,
  }
  return { source, log }
}

const config = bytesOf({ os: 'linux', architecture: 'amd64' })

function imageWith(changes: object): ManifestBytes {
  return manifestBytes({
    ...IMAGE,
    config: { ...CONFIG, digest: digestOf(config), size: config.byteLength, ...changes },
  })
}

test('the config is fetched in pieces, verified and read', async () => {
  const { source, log } = serve(imageWith({}), [config.subarray(0, 3), config.subarray(3)])
  const image = await loadImage(unparsedImage(source), source)
  expect(image.manifest.kind).toBe('image')
  expect(await image.config()).toMatchObject({ os: 'linux', architecture: 'amd64' })
  expect(log.at(-1)).toBe('released')
})

test('other bytes, fewer bytes and more bytes are refused, and no more is read than was promised', async () => {
  const other = config.toReversed()
  for (const [chunks, message] of [
    [[other], 'should be'],
    [[config.subarray(1)], `of ${config.byteLength - 1} bytes`],
    [[config, new Uint8Array(1), new Uint8Array(1)], 'but it is longer'],
  ] as const) {
    const { source, log } = serve(imageWith({}), chunks)
    const image = await loadImage(unparsedImage(source), source)
    await expect(image.config()).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(message),
    })
    expect(log.filter((entry) => entry.startsWith('read')).length).toBeLessThan(3)
    expect(log.at(-1)).toBe('released')
  }
})

test('an artifact has no config to read, and a huge one is not fetched', async () => {
  const artifact = serve(imageWith({ mediaType: 'application/vnd.acme+json' }), [config])
  const loaded = await loadImage(unparsedImage(artifact.source), artifact.source)
  await expect(loaded.config()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  expect(artifact.log).toEqual([])
  expect(await loaded.configBytes()).toEqual(config)
  const huge = serve(imageWith({ size: 2 ** 40 }))
  await expect((await loadImage(unparsedImage(huge.source), huge.source)).config()).rejects.toMatchObject({
    code: 'LIMIT_EXCEEDED',
  })
  expect(huge.log).toEqual([])
})

test('an index is not an image', async () => {
  const { source } = serve(manifestBytes(INDEX))
  await expect(loadImage(unparsedImage(source), source)).rejects.toThrow(
    'test:image is an index: choose one of its instances',
  )
})

test('an abort ends both steps with its own reason', async () => {
  const { source } = serve(imageWith({}), [config])
  const reason = new Error('enough')
  const signal = AbortSignal.abort(reason)
  await expect(loadImage(unparsedImage(source), source, { signal })).rejects.toBe(reason)
  const image = await loadImage(unparsedImage(source), source)
  await expect(image.config({ signal })).rejects.toBe(reason)
})
