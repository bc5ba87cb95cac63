import {
  type BlobReader,
  type Descriptor,
  type Digest,
  digestAlgorithm,
  digestEncoded,
  type GetBlobOptions,
  ImageError,
  type ManifestBytes,
  MAX_MANIFEST_BYTES,
} from '@crossdock/core'
import {
  checkLayoutMarker,
  type LayoutIndex,
  MAX_LAYOUT_MARKER_BYTES,
  MAX_SIGNATURE_BYTES,
  type ManifestReader,
  parseLayoutIndex,
  type SignatureBlobReader,
} from '@crossdock/formats'
import { readVerified } from '@crossdock/streams'
import { createReader } from '../access/read-access.ts'
import { archiveKind } from '../archive-kind.ts'
import { type ArchiveFile, readMember } from '../image-archive/open-archive.ts'
import { findFile } from '../members/find-file.ts'
import { openEntry } from '../members/open-entry.ts'
import type { TarEntry } from '../tar/entry.ts'

export const MARKER_FILE = 'oci-layout'
export const INDEX_FILE = 'index.json'

const MAX_INDEX_FILE_BYTES = 16 * 1024 * 1024

/** An image layout in an archive. */
export interface ArchivedLayout {
  readonly archive: ArchiveFile
  readonly index: LayoutIndex
}

/** Reads `index.json` of an archive. Throws `INVALID_DATA` if it holds something else, `UNSUPPORTED` for a layout of another version. */
export async function readLayout(archive: ArchiveFile, signal?: AbortSignal): Promise<ArchivedLayout> {
  await checkMarker(archive, signal)
  const bytes = await readMember(archive, INDEX_FILE, { limitBytes: MAX_INDEX_FILE_BYTES, signal })
  const index = parseLayoutIndex(bytes, { what: `${archive.what}: ${INDEX_FILE}`, maxBytes: MAX_INDEX_FILE_BYTES })
  return { archive, index }
}

async function checkMarker(archive: ArchiveFile, signal?: AbortSignal): Promise<void> {
  const kind = archiveKind(archive.index)
  const absent = [MARKER_FILE, INDEX_FILE].find((path) => !archive.index.byPath.has(path))
  if (absent !== undefined) {
    const hint = kind === 'docker' ? '; it is one of docker save: read it as docker-archive:' : ''
    throw new ImageError('INVALID_DATA', `${archive.what} holds no OCI image layout: it has no "${absent}"${hint}`)
  }
  const what = `${archive.what}: ${MARKER_FILE}`
  const bytes = await readMember(archive, MARKER_FILE, { limitBytes: MAX_LAYOUT_MARKER_BYTES, signal })
  checkLayoutMarker(bytes, what)
}

/** Where a blob is in a layout (image-spec, image-layout.md, "Blobs"). */
export function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestEncoded(digest)}`
}

/** Opens a blob in place. Throws `NOT_FOUND`, and `DIGEST_MISMATCH` if the member's size is not the descriptor's. */
export function openBlob({ archive }: ArchivedLayout, blob: Descriptor, options: GetBlobOptions = {}): BlobReader {
  const entry = memberOf(archive, blob)
  const { offset, end, signal } = options
  return createReader(entry.size, () => openEntry(archive.access, entry, { offset, end, signal }))
}

function memberOf({ what, index }: ArchiveFile, { digest, size }: Descriptor): TarEntry {
  const path = blobPath(digest)
  if (!index.byPath.has(path)) throw new ImageError('NOT_FOUND', `${what} has no blob ${digest}`)
  const entry = findFile(index, path)
  if (entry.size === size) return entry
  throw new ImageError(
    'DIGEST_MISMATCH',
    `${what}: the member "${path}" has ${entry.size} bytes, but ${digest} should have ${size}: the archive is damaged`,
  )
}

/** Reads the manifests in the archive. */
export function manifestReader(layout: ArchivedLayout): ManifestReader {
  return (descriptor, options) => readManifest(layout, descriptor, options?.signal)
}

/** Reads the blobs of signatures in the archive, each whole and verified. */
export function signatureReader(layout: ArchivedLayout, signal?: AbortSignal): SignatureBlobReader {
  return async (blob) => {
    await using body = openBlob(layout, blob, { signal })
    const { digest, size } = blob
    const what = `${layout.archive.what}: the blob ${digest} of signatures`
    return await readVerified(body, { digest, size }, { limitBytes: MAX_SIGNATURE_BYTES, what })
  }
}

/** A manifest, verified against its descriptor. Throws `NOT_FOUND`, `LIMIT_EXCEEDED`, `DIGEST_MISMATCH`. */
async function readManifest(
  { archive }: ArchivedLayout,
  descriptor: Descriptor,
  signal?: AbortSignal,
): Promise<ManifestBytes> {
  const { digest, size, mediaType } = descriptor
  const what = `${archive.what}: the manifest ${digest}`
  if (size > MAX_MANIFEST_BYTES) {
    throw new ImageError('LIMIT_EXCEEDED', `${what} has ${size} bytes; at most ${MAX_MANIFEST_BYTES} are read`)
  }
  const content = openEntry(archive.access, memberOf(archive, descriptor), { signal })
  try {
    return {
      bytes: await readVerified(content, { digest, size }, { limitBytes: MAX_MANIFEST_BYTES, what }),
      mediaType,
      digest,
    }
  } catch (reason) {
    if (!(reason instanceof ImageError) || reason.code !== 'DIGEST_MISMATCH') throw reason
    throw new ImageError(reason.code, `${archive.what} is damaged: ${reason.message}`, { cause: reason })
  }
}
