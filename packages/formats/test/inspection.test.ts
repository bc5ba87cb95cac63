import { digestOf, unparsedImage } from '@crossdock/core'
import { expect, test } from 'vitest'
import {
  DOCKER_SCHEMA1,
  type ImageManifest,
  inspectManifest,
  inspectSchema1,
  loadImage,
  parseAnyManifest,
  parseImageConfig,
  parseManifest,
} from '../src/index.ts'
import { bytesOf, CONFIG, digest, IMAGE, LAYER, manifestBytes } from './documents.ts'
import { serveDocuments } from './serve-documents.ts'

const OTHER = { ...LAYER, digest: digest('2'), size: 50 }

function image(layers: readonly object[]): ImageManifest {
  const parsed = parseManifest(manifestBytes({ ...IMAGE, layers }))
  if (parsed.kind !== 'image') throw new Error(`is ${parsed.kind}`)
  return parsed
}

const HISTORY = [
  { created_by: 'ADD', created: 'then' },
  { created_by: 'ENV', empty_layer: true },
  { created_by: 'RUN', comment: 'last' },
]
const DOCUMENT = {
  os: 'linux',
  architecture: 'arm64',
  variant: 'v8',
  created: 'now',
  author: 'me',
  docker_version: '20.10',
  config: { Env: ['A=b'], Labels: { l: 'm' } },
  rootfs: { type: 'layers', diff_ids: [digest('d'), digest('e')] },
  history: HISTORY,
}

test('steps and layers of an image belong together', () => {
  expect(inspectManifest(image([LAYER, OTHER]), parseImageConfig(bytesOf(DOCUMENT)))).toEqual({
    created: 'now',
    author: 'me',
    comment: 'last',
    dockerVersion: '20.10',
    architecture: 'arm64',
    variant: 'v8',
    os: 'linux',
    env: ['A=b'],
    labels: { l: 'm' },
    steps: [
      { history: { createdBy: 'ADD', created: 'then', emptyLayer: false }, layer: LAYER, diffId: digest('d') },
      { history: { createdBy: 'ENV', emptyLayer: true } },
      { history: { createdBy: 'RUN', comment: 'last', emptyLayer: false }, layer: OTHER, diffId: digest('e') },
    ],
    layers: [LAYER.digest, OTHER.digest],
    size: CONFIG.size + LAYER.size + OTHER.size,
  })
})

test('a history that says too little or too much loses nothing', () => {
  const bare = parseImageConfig(bytesOf({ comment: 'own', history: HISTORY.slice(0, 2) }))
  expect(inspectManifest(image([LAYER, OTHER]), bare)).toMatchObject({
    comment: 'own',
    steps: [{ layer: LAYER }, { history: { createdBy: 'ENV' } }, { layer: OTHER }],
  })
  const { steps } = inspectManifest(image([LAYER]), parseImageConfig(bytesOf({ history: HISTORY })))
  expect(steps.at(-1)).toEqual({ history: { createdBy: 'RUN', comment: 'last', emptyLayer: false } })
})

test('an image that was fetched is inspected through its config', async () => {
  const config = bytesOf(DOCUMENT)
  const own = { ...CONFIG, digest: digestOf(config), size: config.byteLength }
  const manifest = manifestBytes({ ...IMAGE, config: own })
  const source = {
    ...serveDocuments(manifest),
    getBlob: async () => ({
      size: undefined,
      async *[Symbol.asyncIterator]() {
        yield config
      },
      [Symbol.asyncDispose]: async () => undefined,
    }),
  }
  const loaded = await loadImage(unparsedImage(source), source)
  expect(await loaded.inspect()).toMatchObject({ os: 'linux', layers: [LAYER.digest], size: own.size + LAYER.size })
})

test('schema 1 says the same but for sizes and diff IDs', () => {
  const [low, top] = ['a', 'b'].map((letter) => letter.repeat(64))
  const document = {
    schemaVersion: 1,
    architecture: 'amd64',
    fsLayers: [{ blobSum: digest('2') }, { blobSum: digest('1') }],
    history: [
      { id: top, parent: low, os: 'linux', docker_version: '1.10', throwaway: true, config: { Env: ['A=b'] } },
      { id: low, container_config: { Cmd: ['ADD', 'x'] } },
    ].map((entry) => ({ v1Compatibility: JSON.stringify(entry) })),
  }
  const parsed = parseAnyManifest(manifestBytes(document, DOCKER_SCHEMA1))
  expect(parsed.kind === 'schema1' ? inspectSchema1(parsed) : parsed.kind).toEqual({
    dockerVersion: '1.10',
    architecture: 'amd64',
    os: 'linux',
    env: ['A=b'],
    labels: {},
    steps: [
      { history: { createdBy: 'ADD x', emptyLayer: false }, layer: { digest: digest('1') } },
      { history: { emptyLayer: true } },
    ],
    layers: [digest('1'), digest('2')],
  })
})
