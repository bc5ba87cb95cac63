import { type Descriptor, ImageError, type ManifestBytes, type OperationOptions } from '@crossdock/core'
import { blobsOf, childrenOf, type Manifest, parseManifest } from '../manifest.ts'
import { isIndexType, isManifestType } from '../media-types.ts'
import type { Handler, HandlerOptions } from './handler.ts'

/**
 * Reads a manifest and verifies it against its descriptor. Throws `NOT_FOUND` if it is not there, `DIGEST_MISMATCH`,
 * `LIMIT_EXCEEDED`, `IO`.
 */
export type ManifestReader = (descriptor: Descriptor, options?: OperationOptions) => Promise<ManifestBytes>

/** Reads a document of a graph. Undefined for one that is to be passed over. */
export type DocumentReader = (descriptor: Descriptor, options: HandlerOptions) => Promise<Manifest | undefined>

export interface DocumentReaderOptions {
  /**
   * Which documents are passed over: those that are `missing`, or those that are `unusable` in any way, damaged ones and what is no manifest
   * among them. Failures of the system are none of these. Default: none, the walk fails.
   */
  readonly passOver?: 'missing' | 'unusable' | undefined
  /** Indexes in indexes deeper than this are refused. Default: 16. */
  readonly maxDepth?: number | undefined
  /** Default: 100,000. */
  readonly maxDocuments?: number | undefined
}

/**
 * Reads the documents of one graph. Throws what `read` and `parseManifest` throw, and `LIMIT_EXCEEDED` for a graph that is no image's.
 */
export function documentReader(
  read: ManifestReader,
  { passOver, maxDepth = 16, maxDocuments = 100_000 }: DocumentReaderOptions = {},
): DocumentReader {
  let documents = 0
  return async (descriptor, { depth, signal }) => {
    if (depth > maxDepth) throw new ImageError('LIMIT_EXCEEDED', `indexes are nested more than ${maxDepth} deep`)
    documents += 1
    if (documents > maxDocuments) {
      throw new ImageError('LIMIT_EXCEEDED', `there are more than ${maxDocuments} manifests`)
    }
    try {
      return parseManifest(await read(descriptor, { signal }), { descriptor })
    } catch (reason) {
      if (isPassedOver(reason, passOver)) return undefined
      throw reason
    }
  }
}

function isPassedOver(reason: unknown, passOver: DocumentReaderOptions['passOver']): boolean {
  if (passOver === undefined || !(reason instanceof ImageError)) return false
  return reason.code === 'NOT_FOUND' || (passOver === 'unusable' && reason.code !== 'IO')
}

/** Passes over what is no index: the images stay unread. */
export function indexesOnly(read: DocumentReader): DocumentReader {
  return async (descriptor, options) => (isIndexType(descriptor.mediaType) ? read(descriptor, options) : undefined)
}

/** Answers with all that a document needs, see `neededBy`; nothing else has anything below it. `subject` is not followed. */
export function childrenHandler(read: DocumentReader): Handler {
  return async (descriptor, options) => {
    const document = isDocument(descriptor) ? await read(descriptor, options) : undefined
    return document === undefined ? [] : neededBy(document)
  }
}

/** Everything that has to be there for a document: config and layers of an image, what an index lists; each once. */
export function neededBy(manifest: Manifest): readonly Descriptor[] {
  return manifest.kind === 'index' ? childrenOf(manifest) : blobsOf(manifest)
}

/** True for what has to be read to know what it needs. */
export function isDocument({ mediaType }: Descriptor): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType)
}
