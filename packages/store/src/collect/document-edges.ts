import { ImageError, isDigest, MAX_MANIFEST_BYTES, type Digest } from '@crossdock/core'
import { isIndexType, isManifestType, isObject, member, parseJsonDocument } from '@crossdock/formats'

/** What a document leads to. */
export interface DocumentEdges {
  /** Documents: what an index lists, and what is said to be one elsewhere. */
  readonly documents: readonly Digest[]
  /** Config, layers and other blobs. */
  readonly blobs: readonly Digest[]
  /** What it refers to, and does not keep. */
  readonly subject?: Digest | undefined
}

const NONE: DocumentEdges = Object.freeze({ documents: [], blobs: [] })

/**
 * What a document leads to, whatever kind of manifest it is: image-spec, Docker schema 2 and 1, and OCI artifacts. It is not checked as
 * it is for reading: what is wrong with a manifest is no reason to lose what it lists. Nothing for what is no such document.
 */
export function documentEdges(bytes: Uint8Array): DocumentEdges {
  const document = parse(bytes)
  if (!isObject(document)) return NONE
  const listed = [member(document, 'config'), ...listOf(document, 'layers'), ...listOf(document, 'blobs')]
  return {
    documents: digestsIn([...listOf(document, 'manifests'), ...listed.filter(isDocument)]),
    blobs: [
      ...digestsIn(listed.filter((item) => !isDocument(item))),
      ...digestsIn(listOf(document, 'fsLayers'), 'blobSum'),
    ],
    subject: digestsIn([member(document, 'subject')])[0],
  }
}

function listOf(document: object, key: string): readonly unknown[] {
  const list = member(document, key)
  return Array.isArray(list) ? list : []
}

function isDocument(item: unknown): boolean {
  const mediaType = isObject(item) ? member(item, 'mediaType') : undefined
  return typeof mediaType === 'string' && (isManifestType(mediaType) || isIndexType(mediaType))
}

function digestsIn(list: readonly unknown[], field = 'digest'): readonly Digest[] {
  return list.map((item) => (isObject(item) ? member(item, field) : undefined)).filter((digest) => isDigest(digest))
}

function parse(bytes: Uint8Array): unknown {
  try {
    return parseJsonDocument(bytes, { what: 'a document', maxBytes: MAX_MANIFEST_BYTES })
  } catch (reason) {
    if (reason instanceof ImageError) return undefined
    throw reason
  }
}
