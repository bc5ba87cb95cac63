import {
  type Descriptor,
  type Digest,
  digestAlgorithm,
  digestOf,
  ImageError,
  MAX_MANIFEST_BYTES,
  type ManifestBytes,
  shortDigest,
} from '@crossdock/core'
import { isObject, member, parseJsonToRewrite } from './json.ts'
import { childrenOf, parseManifest } from './manifest.ts'
import { OCI_INDEX } from './media-types.ts'

/** The annotation of a rewritten OCI index that names the index it was made from. */
export const ORIGINAL_INDEX = 'dev.crossdock.index.original'

/**
 * The index with only the entries that `keep` names. All other fields stay, of the document and of the entries, known or not;
 * an OCI index gets the annotation `dev.crossdock.index.original` (a Docker list has no annotations). If everything is kept
 * the very same bytes come back.
 *
 * Throws `INVALID_DATA` for what is no valid index and `NOT_FOUND` if nothing is left.
 */
export function rewriteIndex(manifest: ManifestBytes, keep: ReadonlySet<Digest>): ManifestBytes {
  const what = `manifest ${shortDigest(manifest.digest)}`
  const parsed = parseManifest(manifest)
  if (parsed.kind !== 'index') throw new ImageError('INVALID_DATA', `${what} is not an index`)
  const children = childrenOf(parsed)
  const left = children.filter(({ digest }) => keep.has(digest)).length
  if (left === 0) throw new ImageError('NOT_FOUND', `${what} has none of the ${keep.size} entries to keep`)
  if (left === children.length) return manifest

  const document = parseJsonToRewrite(manifest.bytes, { what, maxBytes: MAX_MANIFEST_BYTES })
  if (!isObject(document)) throw new ImageError('INVALID_DATA', `${what} is not an object`)
  const entries = member(document, 'manifests')
  const manifests = Array.isArray(entries)
    ? entries.filter((_, position) => isKept(parsed.manifests[position], keep))
    : []
  const annotations =
    parsed.format === 'oci' ? { annotations: { ...parsed.annotations, [ORIGINAL_INDEX]: manifest.digest } } : {}
  // Some registries refuse an index that does not name its type.
  const rewritten = {
    schemaVersion: 2,
    mediaType: parsed.mediaType,
    ...omitMediaType(document),
    ...annotations,
    manifests,
  }
  return encodeIndex(rewritten, { mediaType: parsed.mediaType, like: manifest.digest })
}

export interface BuildIndexOptions {
  readonly manifests: readonly Descriptor[]
  readonly annotations?: Readonly<Record<string, string>> | undefined
  readonly artifactType?: string | undefined
  readonly subject?: Descriptor | undefined
}

/**
 * An OCI index of these manifests (image-spec, image-index.md), for a layout's `index.json` or a referrers tag. Equal options
 * give equal bytes. Throws `LIMIT_EXCEEDED` beyond `MAX_MANIFEST_BYTES`.
 */
export function buildIndex({ manifests, annotations, artifactType, subject }: BuildIndexOptions): ManifestBytes {
  const document = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    artifactType,
    manifests: manifests.map(orderDescriptor),
    subject: subject === undefined ? undefined : orderDescriptor(subject),
    annotations,
  }
  return encodeIndex(document, { mediaType: OCI_INDEX })
}

/** Fields in the specification's order; JSON leaves out what is undefined. */
function orderDescriptor(descriptor: Descriptor): object {
  const { mediaType, digest, size, urls, annotations, data, artifactType, platform } = descriptor
  return { mediaType, digest, size, urls, annotations, data, artifactType, platform }
}

function encodeIndex(
  document: object,
  { mediaType, like }: { readonly mediaType: string; readonly like?: Digest },
): ManifestBytes {
  const bytes = new TextEncoder().encode(JSON.stringify(document))
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new ImageError(
      'LIMIT_EXCEEDED',
      `the index would have ${bytes.byteLength} bytes; ${MAX_MANIFEST_BYTES} are allowed`,
    )
  }
  return { bytes, mediaType, digest: digestOf(bytes, like === undefined ? 'sha256' : digestAlgorithm(like)) }
}

function isKept(entry: Descriptor | undefined, keep: ReadonlySet<Digest>): boolean {
  return entry !== undefined && keep.has(entry.digest)
}

/** An empty `mediaType` gives way to the real one; a given one is equal to it but for spelling. */
function omitMediaType(document: object): object {
  return Object.fromEntries(Object.entries(document).filter(([key]) => key !== 'mediaType' && key !== 'schemaVersion'))
}
