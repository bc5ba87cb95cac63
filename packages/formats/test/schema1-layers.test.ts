import { type Digest, ImageError, type ImageSource } from '@crossdock/core'
import { expect, test } from 'vitest'
import { DOCKER_LAYER_GZIP, EMPTY_LAYER_DIGEST, parseAnyManifest, schema1Layers } from '../src/index.ts'
import { digest, manifestBytes } from './documents.ts'
import { serveDocuments } from './serve-documents.ts'

const LAYERS = [digest('1'), digest('2'), EMPTY_LAYER_DIGEST, digest('1')]

function schema1(digests: readonly Digest[] = LAYERS) {
  const history = digests.map((_, index) => ({
    v1Compatibility: JSON.stringify({ id: id(index), ...(index > 0 && { parent: id(index - 1) }) }),
  }))
  const fsLayers = digests.map((blobSum) => ({ blobSum }))
  const document = { schemaVersion: 1, fsLayers: fsLayers.toReversed(), history: history.toReversed() }
  const parsed = parseAnyManifest(manifestBytes(document))
  if (parsed.kind !== 'schema1') throw new TypeError(parsed.kind)
  return parsed
}

function id(index: number): string {
  return String(index).padStart(64, '0')
}

/** A source that knows sizes, and notes how often it was asked, and how many times at once at most. */
function knowing(sizes: ReadonlyMap<Digest, number>, parallelBlobs?: number) {
  const asked: Digest[] = []
  let [running, most] = [0, 0]
  const source: ImageSource = {
    ...serveDocuments(),
    traits: { parallelBlobs },
    async blobSize(wanted) {
      asked.push(wanted)
      most = Math.max(most, ++running)
      await Promise.resolve()
      running -= 1
      return sizes.get(wanted) ?? Promise.reject(new ImageError('NOT_FOUND', `there is no ${wanted}`))
    },
  }
  return { source, asked, most: () => most }
}

test('the layers come from the base up, each asked for once, the empty one not at all', async () => {
  const { source, asked } = knowing(
    new Map([
      [digest('1'), 10],
      [digest('2'), 20],
    ]),
  )
  const layers = await schema1Layers(source, schema1())
  expect(layers.map((layer) => [layer.digest, layer.size])).toEqual([
    [digest('1'), 10],
    [digest('2'), 20],
    [EMPTY_LAYER_DIGEST, 32],
    [digest('1'), 10],
  ])
  expect(new Set(layers.map(({ mediaType }) => mediaType))).toEqual(new Set([DOCKER_LAYER_GZIP]))
  expect(asked).toEqual([digest('1'), digest('2')])
})

test('as many are asked for at once as the source bears', async () => {
  const digests = Array.from({ length: 14 }, (_, index) => digest(index.toString(16)))
  const sizes = new Map(digests.map((one) => [one, 1]))
  for (const [traits, most] of [
    [2, 2],
    [undefined, 6],
  ] as const) {
    const knows = knowing(sizes, traits)
    expect(await schema1Layers(knows.source, schema1(digests))).toHaveLength(14)
    expect(knows.most()).toBe(most)
  }
})

test('one that is not there ends it', async () => {
  const digests = Array.from({ length: 14 }, (_, index) => digest(index.toString(16)))
  const { source, asked } = knowing(new Map(), 2)
  await expect(schema1Layers(source, schema1(digests))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(asked).toHaveLength(2)
})

test('a source that cannot tell is named', async () => {
  const unable = schema1Layers(serveDocuments(), schema1())
  await expect(unable).rejects.toMatchObject({ code: 'UNSUPPORTED', image: 'test:image' })
})
