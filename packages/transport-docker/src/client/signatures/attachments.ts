import {
  bytesBody,
  type Descriptor,
  type Digest,
  type ManifestBytes,
  MAX_MANIFEST_BYTES,
  type OperationOptions,
  shortDigest,
  type SigstoreSignature,
} from '@crossdock/core'
import {
  addAttachments,
  attachmentTag,
  MAX_SIGNATURE_BYTES,
  parseAttachments,
  readAttachments,
  type BlobContent,
} from '@crossdock/formats'
import { readVerified } from '@crossdock/streams'
import { readBlob } from '../blob-read.ts'
import type { BlobWriter } from '../blob-writer.ts'
import { findManifest } from '../manifest-read.ts'
import type { Repository } from '../repository.ts'
import { updateTag } from '../tag-update.ts'

/** The signatures under the `.sig` tag of a manifest. Throws `INVALID_DATA`, `LIMIT_EXCEEDED`, `DIGEST_MISMATCH`. */
export async function readTagged(
  repository: Repository,
  subject: Digest,
  operation?: OperationOptions,
): Promise<readonly SigstoreSignature[]> {
  const manifest = await findManifest(repository, attachmentTag(subject, 'sig'), operation)
  // Some registries take such a tag for the digest and answer with the subject.
  if (manifest === undefined || manifest.digest === subject) return []
  return await readAttachments(manifest, (layer) => readWhole(repository, layer, operation))
}

/** A blob of a signature, verified. */
export async function readWhole(
  repository: Repository,
  blob: Descriptor,
  operation: OperationOptions | undefined,
  limitBytes: number = MAX_SIGNATURE_BYTES,
): Promise<Uint8Array> {
  await using body = await readBlob(repository, blob, operation)
  const what = `the blob ${shortDigest(blob.digest)} of signatures`
  return await readVerified(body, { digest: blob.digest, size: blob.size }, { limitBytes, what })
}

export interface AddTaggedOptions {
  readonly signatures: readonly SigstoreSignature[]
  readonly blobs: BlobWriter
  readonly operation?: OperationOptions | undefined
}

/** Adds signatures to those under the `.sig` tag, what others add meanwhile included. */
export async function addTagged(
  repository: Repository,
  subject: Digest,
  { signatures, blobs, operation }: AddTaggedOptions,
): Promise<void> {
  const tag = attachmentTag(subject, 'sig')
  const change = async (current: ManifestBytes | undefined): Promise<ManifestBytes | undefined> => {
    const manifest = current?.digest === subject ? undefined : current
    const present = manifest && { manifest, config: await readConfig(repository, manifest, operation) }
    const update = addAttachments(signatures, present)
    if (update === undefined) return undefined
    await putBlobs(blobs, update.blobs, operation)
    return update.manifest
  }
  const place = `signatures of ${shortDigest(subject)} at docker://${repository.host}/${repository.name}:${tag}`
  await updateTag(repository, { tag, change, place, operation })
}

async function readConfig(
  repository: Repository,
  manifest: ManifestBytes,
  operation: OperationOptions | undefined,
): Promise<Uint8Array> {
  return await readWhole(repository, parseAttachments(manifest).config, operation, MAX_MANIFEST_BYTES)
}

export async function putBlobs(
  blobs: BlobWriter,
  contents: readonly BlobContent[],
  operation: OperationOptions = {},
): Promise<void> {
  for (const { descriptor, bytes } of contents) await blobs.put(bytesBody(bytes), descriptor, operation)
}
