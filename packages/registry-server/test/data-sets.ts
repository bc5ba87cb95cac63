import { sha } from './client.ts'

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json'
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'
const EMPTY = 'application/vnd.oci.empty.v1+json'

export interface Document {
  readonly mediaType: string
  readonly text: string
  readonly digest: string
}

/** What is pushed, children first; the last manifest gets the tag. */
export interface DataSet {
  readonly name: string
  readonly algorithm?: 'sha256' | 'sha512'
  readonly blobs: readonly string[]
  readonly manifests: readonly Document[]
  /** Referrers that are expected, by subject, with their artifact type. */
  readonly referrers?: Readonly<Record<string, readonly (readonly [digest: string, artifactType: string])[]>>
}

type Json = Record<string, unknown>

function descriptor(mediaType: string, text: string, algorithm = 'sha256'): Json {
  return { mediaType, digest: sha(text, algorithm), size: Buffer.byteLength(text) }
}

function document(value: Json, algorithm = 'sha256'): Document {
  const text = JSON.stringify(value, undefined, 1)
  return { mediaType: String(value['mediaType']), text, digest: sha(text, algorithm) }
}

const config = JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } })
const layer = 'first layer'
const other = 'second layer'

function image(more: Json = {}, algorithm = 'sha256'): Document {
  const layers = [descriptor(OCI_LAYER, layer, algorithm), descriptor(OCI_LAYER, other, algorithm)]
  const value = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: descriptor(OCI_CONFIG, config, algorithm), layers }
  return document({ ...value, ...more }, algorithm)
}

function index(manifests: readonly Document[], more: Json = {}): Document {
  const list = manifests.map(({ mediaType, text }) => descriptor(mediaType, text))
  return document({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: list, ...more })
}

function subjectOf({ mediaType, text }: Document): Json {
  return descriptor(mediaType, text)
}

const blobs = [config, layer, other]
const plain = image()
const second = image({ annotations: { name: 'second' } })
const empty = { config: descriptor(EMPTY, '{}'), layers: [descriptor(EMPTY, '{}')] }
const artifact = image({ artifactType: 'application/vnd.example.one', ...empty })
const signature = image({ artifactType: 'application/vnd.example.sig', ...empty, subject: subjectOf(plain) })
const typedByConfig = image({ subject: subjectOf(plain), annotations: { 'org.example': 'kept' } })
const referringIndex = index([plain], { artifactType: 'application/vnd.example.index', subject: subjectOf(plain) })
const absent = document({ schemaVersion: 2, mediaType: OCI_MANIFEST, note: 'never pushed' })
const early = image({ artifactType: 'application/vnd.example.early', ...empty, subject: subjectOf(absent) })
const foreign = {
  mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  digest: sha('elsewhere'),
  size: 9,
  urls: ['https://example.com/elsewhere'],
}

/** The data sets of the distribution-spec conformance program, built here. */
export const DATA_SETS: readonly DataSet[] = [
  { name: 'image', blobs, manifests: [plain] },
  {
    name: 'image-uncompressed',
    blobs,
    manifests: [image({ layers: [descriptor('application/vnd.oci.image.layer.v1.tar', layer)] })],
  },
  { name: 'large-manifest', blobs, manifests: [image({ annotations: { filler: 'x'.repeat(3_900_000) } })] },
  { name: 'index', blobs, manifests: [plain, second, index([plain, second])] },
  { name: 'nested-index', blobs, manifests: [plain, index([plain]), index([index([plain])])] },
  { name: 'empty-index', blobs: [], manifests: [index([])] },
  { name: 'artifact', blobs: ['{}'], manifests: [artifact] },
  {
    name: 'artifact-index',
    blobs: ['{}'],
    manifests: [artifact, index([artifact], { artifactType: 'application/x' })],
  },
  { name: 'artifact-without-layers', blobs: ['{}'], manifests: [image({ artifactType: 'a/b', ...empty, layers: [] })] },
  {
    name: 'artifacts-with-subject',
    blobs: [...blobs, '{}'],
    manifests: [plain, signature, typedByConfig],
    referrers: {
      [plain.digest]: [
        [signature.digest, 'application/vnd.example.sig'],
        [typedByConfig.digest, OCI_CONFIG],
      ],
    },
  },
  {
    name: 'index-with-subject',
    blobs,
    manifests: [plain, referringIndex],
    referrers: { [plain.digest]: [[referringIndex.digest, 'application/vnd.example.index']] },
  },
  {
    name: 'missing-subject',
    blobs: [...blobs, '{}'],
    manifests: [early],
    referrers: { [absent.digest]: [[early.digest, 'application/vnd.example.early']] },
  },
  {
    name: 'data-field',
    blobs: [...blobs, '{}'],
    manifests: [image({ config: { ...descriptor(EMPTY, '{}'), data: 'e30=' } })],
  },
  { name: 'non-distributable-layers', blobs, manifests: [image({ layers: [foreign] })] },
  { name: 'custom-fields', blobs, manifests: [image({ 'org.example.more': { deep: [1, 2, null] } })] },
  { name: 'no-layers', blobs: [config], manifests: [image({ layers: [] })] },
  { name: 'sparse', blobs, manifests: [plain, index([plain, second])] },
  { name: 'empty-blob', blobs: [config, ''], manifests: [image({ layers: [descriptor(OCI_LAYER, '')] })] },
  { name: 'sha512', algorithm: 'sha512', blobs, manifests: [image({}, 'sha512')] },
]
