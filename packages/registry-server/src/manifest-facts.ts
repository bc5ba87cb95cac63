import { isDigest, quoteForeign, type Digest } from '@crossdock/core'
import { Refusal } from './refusal.ts'

/** What a registry needs to know of a manifest or index. */
export interface ManifestFacts {
  readonly mediaType: string
  /** Config and layers that have to be there. */
  readonly blobs: readonly Digest[]
  /** What an index lists. */
  readonly manifests: readonly Digest[]
  readonly subject?: Digest | undefined
  readonly artifactType?: string | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'
const IMAGES: ReadonlySet<string> = new Set([OCI_MANIFEST, DOCKER_MANIFEST])
const INDEXES: ReadonlySet<string> = new Set([OCI_INDEX, DOCKER_LIST])
const FOREIGN_LAYER = /^application\/vnd\.(?:docker\.image\.rootfs\.foreign|oci\.image\.layer\.nondistributable)\./

type Members = Readonly<Record<string, unknown>>

/** Reads the members that matter here and ignores every other one. Throws a `Refusal` with `MANIFEST_INVALID`. */
export function readManifestFacts(bytes: Uint8Array, contentType: string | undefined): ManifestFacts {
  const document = parseObject(bytes)
  const mediaType = findMediaType(document, contentType)
  if (IMAGES.has(mediaType)) checkImage(document)
  if (INDEXES.has(mediaType)) checkIndex(document)
  const config = asObject(document['config'])
  const configType = typeof config?.['mediaType'] === 'string' ? config['mediaType'] : undefined
  const ownType = typeof document['artifactType'] === 'string' ? document['artifactType'] : ''
  return {
    mediaType,
    blobs: [...(config === undefined ? [] : [digestOfMember(config, 'config')]), ...layerDigests(document)],
    manifests: entries(document['manifests'], 'manifests').map((entry) => digestOfMember(entry, 'manifests')),
    subject: findSubject(document),
    artifactType: ownType === '' ? configType : ownType,
    annotations: findAnnotations(document['annotations']),
  }
}

function parseObject(bytes: Uint8Array): Members {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw invalid('the manifest is not JSON')
  }
  return asObject(value) ?? fail('the manifest is not a JSON object')
}

function findMediaType(document: Members, contentType: string | undefined): string {
  const sent = contentType?.split(';')[0]?.trim().toLowerCase() ?? ''
  const own = document['mediaType']
  if (own !== undefined && typeof own !== 'string') throw invalid('mediaType is not a string')
  if (sent === '') return own ?? fail('neither Content-Type nor mediaType says what the manifest is')
  if (own !== undefined && own !== '' && own !== sent) {
    throw invalid(
      `Content-Type is "${quoteForeign(sent, 100)}" but the manifest's mediaType is "${quoteForeign(own, 100)}"`,
    )
  }
  return sent
}

function checkImage(document: Members): void {
  if ('manifests' in document) throw invalid('an image manifest must not have "manifests"')
  if (document['schemaVersion'] !== 2) throw invalid('schemaVersion is not 2')
  if (asObject(document['config']) === undefined) throw invalid('the manifest has no config')
}

function checkIndex(document: Members): void {
  if ('layers' in document || 'config' in document) throw invalid('an index must have neither "layers" nor "config"')
  if (document['schemaVersion'] !== 2) throw invalid('schemaVersion is not 2')
  if (!Array.isArray(document['manifests'])) throw invalid('the index has no list "manifests"')
}

/** Layers that registries need not have are left out: they are fetched from elsewhere. */
function layerDigests(document: Members): readonly Digest[] {
  const layers = entries(document['layers'], 'layers').filter((layer) => {
    const isElsewhere = Array.isArray(layer['urls']) && layer['urls'].length > 0
    return !isElsewhere && !FOREIGN_LAYER.test(String(layer['mediaType']))
  })
  const schema1 = entries(document['fsLayers'], 'fsLayers').map((layer) => digestOf(layer['blobSum'], 'fsLayers'))
  const artifact = entries(document['blobs'], 'blobs')
  return [...[...layers, ...artifact].map((entry) => digestOfMember(entry, 'layers')), ...schema1]
}

function findSubject(document: Members): Digest | undefined {
  if (document['subject'] === undefined || document['subject'] === null) return undefined
  return digestOfMember(asObject(document['subject']) ?? fail('subject is not an object'), 'subject')
}

function findAnnotations(value: unknown): Readonly<Record<string, string>> | undefined {
  const annotations = asObject(value)
  if (annotations === undefined) return undefined
  return Object.fromEntries(
    Object.entries(annotations).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

function entries(value: unknown, name: string): readonly Members[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw invalid(`${name} is not a list`)
  return value.map((entry: unknown) => asObject(entry) ?? fail(`${name} has an entry that is not an object`))
}

function digestOfMember(descriptor: Members, name: string): Digest {
  return digestOf(descriptor['digest'], name)
}

function digestOf(value: unknown, name: string): Digest {
  return isDigest(value) ? value : fail(`${name} has no valid digest`)
}

function asObject(value: unknown): Members | undefined {
  return isObject(value) ? value : undefined
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fail(message: string): never {
  throw invalid(message)
}

function invalid(message: string): Refusal {
  return new Refusal(400, { code: 'MANIFEST_INVALID', message })
}
