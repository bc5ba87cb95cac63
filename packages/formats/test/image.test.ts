import { type BlobReader, digestOf, type ImageSource, type ManifestBytes, unparsedImage } from '@crossdock/core'
import { expect, test } from 'vitest'
import { DOCKER_LAYER_GZIP, DOCKER_SCHEMA1, loadImage } from '../src/index.ts'
import { bytesOf, CONFIG, digest, IMAGE, INDEX, manifestBytes } from './documents.ts'
import { serveDocuments } from './serve-documents.ts'

interface Served {
  readonly source: ImageSource
  /** What happened to blob readers. */
  readonly log: string[]
}

function serve(manifest: ManifestBytes, chunks: readonly Uint8Array[] = []): Served {
  const log: string[] = []
  const getBlob = async (): Promise<BlobReader> => ({
    size: undefined,
    async *[Symbol.asyncIterator]() {
      for (const chunk of chunks) {
        log.push(`read ${chunk.byteLength}`)
        yield chunk
      }
    },
    [Symbol.asyncDispose]: async () => void log.push('released'),
  })
  return { source: { ...serveDocuments(manifest), getBlob }, log }
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

test('a config that cannot be read is told with the image', async () => {
  const bytes = bytesOf([])
  const { source } = serve(imageWith({ digest: digestOf(bytes), size: bytes.byteLength }), [bytes])
  const image = await loadImage(unparsedImage(source), source)
  await expect(image.config()).rejects.toMatchObject({
    code: 'INVALID_DATA',
    message: 'image config: must be an object, but is an array',
    image: 'test:image',
  })
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

test('schema 1 is an image without a config, whose layers have the sizes that the source knows', async () => {
  const [low, top] = ['a', 'b'].map((letter) => letter.repeat(64))
  const history = [{ id: top, parent: low, os: 'linux', throwaway: true, config: { Env: ['A=b'] } }, { id: low }]
  const document = {
    schemaVersion: 1,
    architecture: 'arm64',
    fsLayers: [{ blobSum: digest('2') }, { blobSum: digest('1') }],
    history: history.map((entry) => ({ v1Compatibility: JSON.stringify(entry) })),
  }
  const source = { ...serveDocuments(manifestBytes(document, DOCKER_SCHEMA1)), blobSize: async () => 7 }
  const image = await loadImage(unparsedImage(source), source)
  expect(await image.layers()).toEqual([{ mediaType: DOCKER_LAYER_GZIP, digest: digest('1'), size: 7 }])
  expect(await image.config()).toMatchObject({
    os: 'linux',
    architecture: 'arm64',
    config: { Env: ['A=b'] },
    history: [{}, {}],
  })
  expect(await image.inspect()).toMatchObject({ layers: [digest('1'), digest('2')], env: ['A=b'] })
  await expect(image.configBytes()).rejects.toMatchObject({ code: 'UNSUPPORTED', image: 'test:image' })
})
