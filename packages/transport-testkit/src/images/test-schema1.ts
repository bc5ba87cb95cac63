import { digestOf, type ManifestBytes } from '@crossdock/core'
import { MEDIA_TYPES } from './media-types.ts'
import { testBlob, testImage, type TestBlob, type TestImage, type TestImageOptions } from './test-image.ts'

export interface TestSchema1Options extends Pick<TestImageOptions, 'seed' | 'layers' | 'layerBytes'> {
  /** How the layers are packed. Default: `gzip`. */
  readonly compression?: TestImageOptions['compression']
  /** What the manifest says of where it is kept. Default: `team/app` and `v1`. */
  readonly name?: string | undefined
  readonly tag?: string | undefined
  /** Whether the topmost step is one without files. Default: true. */
  readonly emptyStep?: boolean | undefined
  /** Default: true. */
  readonly signed?: boolean | undefined
}

const SCHEMA1 = 'application/vnd.docker.distribution.manifest.v1+json'
const SCHEMA1_SIGNED = 'application/vnd.docker.distribution.manifest.v1+prettyjws'
/** The layer of steps without files: 1024 zero bytes in gzip, as Docker has always packed them. */
const EMPTY_LAYER = 'H4sIAAAJbogA/2IYBaNgFIxYAAgAAP//Lq+17wAEAAA='

/**
 * An image in Docker's first format, whose manifest is named by what its signature covers. (The signature itself is none: nobody
 * but registries verifies it.)
 */
export function testSchema1(options: TestSchema1Options = {}): TestImage {
  const { seed, layers, layerBytes, compression = 'gzip', emptyStep = true, signed = true } = options
  const { name = 'team/app', tag = 'v1' } = options
  const image = testImage({ seed, layers, layerBytes, compression, format: 'docker' })
  const files = image.blobs.filter(({ descriptor }) => descriptor.mediaType !== MEDIA_TYPES.docker.config)
  const mediaType = MEDIA_TYPES.docker.gzipLayer
  const steps: Step[] = files.map(({ bytes }) => ({ blob: testBlob(bytes, { mediaType }), throwaway: false }))
  const empty = testBlob(
    Uint8Array.from(atob(EMPTY_LAYER), (byte) => byte.charCodeAt(0)),
    { mediaType },
  )
  if (emptyStep) steps.push({ blob: empty, throwaway: true })
  const history = historyOf(steps)
  const payload = {
    schemaVersion: 1,
    name,
    tag,
    architecture: 'amd64',
    fsLayers: steps.map(({ blob }) => ({ blobSum: blob.descriptor.digest })).toReversed(),
    history: history.toReversed(),
  }
  const root = signed ? sign(JSON.stringify(payload)) : asManifest(JSON.stringify(payload), SCHEMA1)
  return { root, manifests: [root], blobs: steps.map(({ blob }) => blob) }
}

interface Step {
  readonly blob: TestBlob
  readonly throwaway: boolean
}

/** From the base up, each step with its place in the chain; the topmost has the image's configuration. */
function historyOf(steps: readonly Step[]): { readonly v1Compatibility: string }[] {
  return steps.map(({ throwaway }, index) => ({
    v1Compatibility: JSON.stringify({
      id: idOf(index),
      ...(index > 0 && { parent: idOf(index - 1) }),
      created: '1970-01-01T00:00:00Z',
      container_config: { Cmd: [`step ${index}`] },
      ...(throwaway && { throwaway }),
      ...(index === steps.length - 1 && { architecture: 'amd64', os: 'linux', config: { Env: ['A=1'] } }),
    }),
  }))
}

function idOf(index: number): string {
  return String(index + 1).padStart(64, '0')
}

/** As libtrust does it: the signature stands in the document, and says how the document was without it. */
function sign(payload: string): ManifestBytes {
  const { digest } = asManifest(payload, SCHEMA1)
  const head = payload.slice(0, -1)
  const format = { formatLength: new TextEncoder().encode(head).length, formatTail: btoa('}').replaceAll('=', '') }
  const protectedHeader = btoa(JSON.stringify(format)).replaceAll('=', '')
  const signatures = [{ header: { alg: 'none' }, signature: 'AA', protected: protectedHeader }]
  return { ...asManifest(`${head},"signatures":${JSON.stringify(signatures)}}`, SCHEMA1_SIGNED), digest }
}

function asManifest(text: string, mediaType: string): ManifestBytes {
  const bytes = new TextEncoder().encode(text)
  return { bytes, mediaType, digest: digestOf(bytes) }
}
