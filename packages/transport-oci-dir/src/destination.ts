import { createFolderOf, replaceFile } from '@crossdock/blob-files'
import {
  checkManifest,
  ImageError,
  type Descriptor,
  type Digest,
  type ImageDestination,
  type ManifestBytes,
  type OperationOptions,
  type PutManifestOptions,
} from '@crossdock/core'
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  OCI_INDEX,
  OCI_MANIFEST,
  referrerOf,
  signatureDocuments,
} from '@crossdock/formats'
import { commitManifests } from './layout/commit.ts'
import { isComplete, isNamed } from './layout/complete.ts'
import { checkWritable } from './layout/prepare.ts'
import { createSession, type Session } from './layout/session.ts'
import type { OpenOptions } from './open-options.ts'

/** Best first. Docker's are kept as they are: the bytes of a manifest do not change on the way. */
const MANIFEST_TYPES: readonly string[] = Object.freeze([
  OCI_MANIFEST,
  OCI_INDEX,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
])

/**
 * Opens a layout for writing, or the place where one shall be; nothing is created before the first write. Throws `CONFLICT` if
 * something else is there.
 */
export async function openDestination(
  opened: OpenOptions,
  operation: OperationOptions = {},
): Promise<ImageDestination> {
  operation.signal?.throwIfAborted()
  const { reference } = opened
  const session = createSession(opened)
  await checkWritable(session.paths)
  operation.signal?.throwIfAborted()
  return Object.freeze<ImageDestination>({
    reference,
    traits: Object.freeze({
      manifestTypes: MANIFEST_TYPES,
      signatures: Object.freeze(['simple', 'sigstore'] as const),
      parallelBlobs: 16,
    }),
    ...session.methods,
    async hasManifest(manifest, hasOptions) {
      hasOptions?.signal?.throwIfAborted()
      const { instance, tag } = hasOptions ?? {}
      const named = (instance !== undefined && tag === undefined) || (await isNamed(session, manifest, tag))
      return named && (await isComplete(session, manifest, hasOptions))
    },
    putManifest: (manifest, putOptions) => putManifest(session, manifest, putOptions),
    async putSignatures(signatures, instance, putOptions) {
      putOptions?.signal?.throwIfAborted()
      const signed = signedManifest(session, instance)
      signatureDocuments(signatures, signed) // what cannot be kept is refused here
      session.signatures.set(signed.digest, { signed, signatures })
    },
    async commit(commitOptions) {
      commitOptions?.signal?.throwIfAborted()
      if (session.top === undefined && !session.hasInstances) {
        throw new ImageError('INVALID_DATA', 'there is nothing to commit: no manifest was put')
      }
      await session.ready()
      await commitManifests(session, commitOptions)
    },
    async [Symbol.asyncDispose]() {},
  })
}

async function putManifest(session: Session, manifest: ManifestBytes, options: PutManifestOptions = {}): Promise<void> {
  const { instance, tag, signal } = options
  signal?.throwIfAborted()
  const { bytes, mediaType } = manifest
  const digest = instance ?? session.selection.digest ?? manifest.digest
  checkManifest(manifest, { types: MANIFEST_TYPES, digest, what: 'an image layout' })
  const referrer = referrerOf({ bytes, mediaType, digest })
  await session.ready()
  const descriptor = { mediaType, digest, size: bytes.byteLength }
  if (!(await session.trust.holds(descriptor, { signal }))) await writeManifest(session, bytes, digest)
  session.needed.add(digest)
  if (referrer !== undefined) session.referrers.push(referrer)
  session.put.set(digest, descriptor)
  if (instance === undefined) session.top = descriptor
  else {
    session.hasInstances = true
    if (tag !== undefined) session.tags.set(tag, descriptor)
  }
}

function signedManifest({ top, put }: Session, instance: Digest | undefined): Descriptor {
  const signed = instance === undefined ? top : put.get(instance)
  if (signed !== undefined) return signed
  throw new ImageError('INVALID_DATA', 'what is signed was not put: put its manifest before its signatures')
}

async function writeManifest(session: Session, bytes: Uint8Array, digest: Digest): Promise<void> {
  const { blobs } = session.paths
  await createFolderOf(blobs, digest)
  await replaceFile(blobs.pathOf(digest), {
    bytes,
    work: blobs.work,
    durable: session.options.durable,
    syncFolder: false, // once for all, in commit
  })
  await session.trust.record(digest)
}
