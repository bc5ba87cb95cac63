import { ImageError, isDigest, MAX_MANIFEST_BYTES, type Digest } from '@crossdock/core'
import { isObject, member, parseJsonDocument } from '@crossdock/formats'

/** What a document leads to. */
export interface DocumentEdges {
  /** Documents: what an index lists. */
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
  const list = (key: string, field = 'digest'): readonly Digest[] => digestsIn(member(document, key), field)
  return {
    documents: list('manifests'),
    blobs: [
      ...digestsIn([member(document, 'config')], 'digest'),
      ...list('layers'),
      ...list('blobs'),
      ...list('fsLayers', 'blobSum'),
    ],
    subject: digestsIn([member(document, 'subject')], 'digest')[0],
  }
}

function digestsIn(list: unknown, field: string): readonly Digest[] {
  if (!Array.isArray(list)) return []
  return list
    .map((item: unknown) => (isObject(item) ? member(item, field) : undefined))
    .filter((digest) => isDigest(digest))
}

function parse(bytes: Uint8Array): unknown {
  try {
    return parseJsonDocument(bytes, { what: 'a document', maxBytes: MAX_MANIFEST_BYTES })
  } catch (reason) {
    if (reason instanceof ImageError) return undefined
    throw reason
  }
}
