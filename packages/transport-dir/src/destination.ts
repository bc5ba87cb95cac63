import { partialSize, replaceFile, writeBlob } from '@crossdock/blob-files'
import {
  digestAlgorithm,
  digestOf,
  ImageError,
  MAX_MANIFEST_BYTES,
  type BlobBody,
  type BlobHint,
  type Descriptor,
  type Digest,
  type ImageDestination,
  type ManifestBytes,
  type OperationOptions,
  type PutManifestOptions,
} from '@crossdock/core'
import { commitImage } from './folder/commit.ts'
import { hasManifest } from './folder/complete.ts'
import { ifUsable, readInstance } from './folder/manifests.ts'
import { instancePath } from './folder/paths.ts'
import { checkWritable } from './folder/prepare.ts'
import { createSession, type Session } from './folder/session.ts'
import { encodeSignatures } from './folder/signatures.ts'
import type { OpenOptions } from './open-options.ts'

/**
 * Opens a folder for writing, or the place where one shall be; nothing is created before the first write, and the image that is
 * there stays until the commit. Throws `CONFLICT` if something else is there.
 */
export async function openDestination(
  opened: OpenOptions,
  operation: OperationOptions = {},
): Promise<ImageDestination> {
  operation.signal?.throwIfAborted()
  const { reference, options } = opened
  const session = createSession(opened)
  await checkWritable(session.paths)
  operation.signal?.throwIfAborted()
  const { trust } = session
  return Object.freeze<ImageDestination>({
    reference,
    traits: Object.freeze({ signatures: Object.freeze(['simple', 'sigstore'] as const), parallelBlobs: 16 }),
    putBlob: (body, blob, putOptions) => putBlob(session, { body, blob, signal: putOptions?.signal }),
    async reuseBlob(blob, reuseOptions) {
      reuseOptions?.signal?.throwIfAborted()
      if (!(await trust.holds(blob, reuseOptions))) return undefined
      session.blobs.add(blob.digest)
      return { blob }
    },
    async findBlob(blob, findOptions) {
      findOptions?.signal?.throwIfAborted()
      return (await trust.holds(blob, { ...findOptions, readOnly: true })) ? 'present' : undefined
    },
    async partialBlob(blob, partialOptions) {
      partialOptions?.signal?.throwIfAborted()
      return options.resume ? await partialSize(blob, session.leftovers) : 0
    },
    async hasManifest(manifest, hasOptions) {
      hasOptions?.signal?.throwIfAborted()
      return await hasManifest(session, manifest, hasOptions)
    },
    putManifest: (manifest, putOptions) => putManifest(session, manifest, putOptions),
    async putSignatures(signatures, instance, putOptions) {
      putOptions?.signal?.throwIfAborted()
      session.signatures.set(instance, encodeSignatures(signatures))
    },
    async commit(commitOptions) {
      commitOptions?.signal?.throwIfAborted()
      if (session.top === undefined && session.instances.size === 0) {
        throw new ImageError('INVALID_DATA', 'there is nothing to commit: no manifest was put')
      }
      await session.ready()
      await commitImage(session, commitOptions)
    },
    async [Symbol.asyncDispose]() {},
  })
}

interface PutBlob {
  readonly body: BlobBody
  readonly blob: BlobHint
  readonly signal: AbortSignal | undefined
}

async function putBlob(session: Session, { body, blob, signal }: PutBlob): Promise<Descriptor> {
  signal?.throwIfAborted()
  await session.ready()
  const { durable, resume } = session.options
  const size = blob.size ?? body.size
  const { leftovers } = session
  const options = { digest: blob.digest, size, durable, resume, leftovers, signal }
  const written = await writeBlob(session.paths.blobs, body, options)
  await session.trust.record(written.digest)
  session.blobs.add(written.digest)
  const { mediaType = 'application/octet-stream', annotations } = blob
  return { mediaType, ...written, ...(annotations !== undefined && { annotations }) }
}

async function putManifest(session: Session, manifest: ManifestBytes, options: PutManifestOptions = {}): Promise<void> {
  const { instance, signal } = options
  signal?.throwIfAborted()
  const digest = instance ?? manifest.digest
  checkManifest(manifest, digest)
  await session.ready()
  if (instance === undefined) session.top = manifest
  else {
    if ((await ifUsable(readInstance(session.paths, digest))) === undefined) {
      await writeInstance(session, manifest.bytes, digest)
    }
    session.instances.add(digest)
  }
}

function checkManifest({ bytes }: ManifestBytes, digest: Digest): void {
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new ImageError('LIMIT_EXCEEDED', `the manifest ${digest} is larger than ${MAX_MANIFEST_BYTES} bytes`)
  }
  const actual = digestOf(bytes, digestAlgorithm(digest))
  if (actual === digest) return
  throw new ImageError('DIGEST_MISMATCH', `the manifest should be ${digest}, but its bytes are ${actual}`)
}

async function writeInstance({ paths, options }: Session, bytes: Uint8Array, digest: Digest): Promise<void> {
  await replaceFile(instancePath(paths, digest), {
    bytes,
    work: paths.work,
    durable: options.durable,
    syncFolder: false, // once for all, in commit
  })
}
