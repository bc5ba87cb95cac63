import { pathError, readBounded } from '@crossdock/blob-files'
import {
  type Digest,
  digestAlgorithm,
  ImageError,
  manifestDigest,
  MAX_MANIFEST_BYTES,
  type ManifestBytes,
  shortDigest,
} from '@crossdock/core'
import { type FolderPaths, instancePath } from './paths.ts'

/** The folder keeps no media types, and nothing is looked into to find one out: whoever reads the document may. */
const NOT_KEPT = ''

/** The document that the folder stands for. Throws `NOT_FOUND` and `LIMIT_EXCEEDED`. */
export async function readTop({ manifest }: FolderPaths): Promise<ManifestBytes> {
  const bytes = await readBounded(manifest, { limitBytes: MAX_MANIFEST_BYTES, what: 'a "manifest.json"' })
  return { bytes, mediaType: NOT_KEPT, digest: manifestDigest(bytes) }
}

/** A manifest that lies under its digest, verified. Throws `NOT_FOUND`, `LIMIT_EXCEEDED` and `DIGEST_MISMATCH`. */
export async function readInstance(paths: FolderPaths, digest: Digest): Promise<ManifestBytes> {
  const path = instancePath(paths, digest)
  const what = `manifest ${shortDigest(digest)}`
  const bytes = await readBounded(path, { limitBytes: MAX_MANIFEST_BYTES, what })
  if (hasDigest(bytes, digest)) return { bytes, mediaType: NOT_KEPT, digest }
  throw pathError('DIGEST_MISMATCH', path, `should hold ${digest}, but its bytes are others: the folder is damaged`)
}

export function hasDigest(bytes: Uint8Array, digest: Digest): boolean {
  return manifestDigest(bytes, digestAlgorithm(digest)) === digest
}

/** Undefined for a document that is not there or cannot be used. Failures of the system are thrown. */
export async function ifUsable<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  try {
    return await reading
  } catch (reason) {
    if (reason instanceof ImageError && reason.code !== 'IO') return undefined
    throw reason
  }
}
