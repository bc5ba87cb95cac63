import {
  checkManifest,
  type Descriptor,
  type Digest,
  ImageError,
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
import { commitImage } from './commit.ts'
import { completeContent, isNamed } from './complete.ts'
import type { Opened } from './opened.ts'
import { createSession, type Session } from './session.ts'
import { writeDocument } from './write-document.ts'

/** Best first. Docker's are kept as they are: the bytes of a manifest do not change on the way. */
const MANIFEST_TYPES: readonly string[] = Object.freeze([
  OCI_MANIFEST,
  OCI_INDEX,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
])

/** Opens a name for writing. What is written is kept by a lease until it is named, or until the destination is disposed. */
export async function openDestination(found: Opened, operation: OperationOptions = {}): Promise<ImageDestination> {
  operation.signal?.throwIfAborted()
  const session = createSession(found)
  return Object.freeze<ImageDestination>({
    reference: found.reference,
    traits: Object.freeze({
      manifestTypes: MANIFEST_TYPES,
      signatures: Object.freeze(['simple', 'sigstore'] as const),
      parallelBlobs: 16,
    }),
    ...session.methods,
    async hasManifest(manifest, options) {
      options?.signal?.throwIfAborted()
      const { instance, tag } = options ?? {}
      const isBelow = instance !== undefined && tag === undefined
      if (!isBelow && !(await isNamed(session, manifest, options))) return false
      const content = await completeContent(session, manifest, options)
      // What has a name is kept by that.
      if (isBelow && content !== undefined) await keepAll(session, content, options)
      return content !== undefined
    },
    putManifest: (manifest, options) => putManifest(session, manifest, options),
    async putSignatures(signatures, instance, options) {
      options?.signal?.throwIfAborted()
      const signed = signedManifest(session, instance)
      signatureDocuments(signatures, signed) // what cannot be kept is refused here
      session.signatures.set(signed.digest, { signed, signatures })
    },
    async commit(options) {
      options?.signal?.throwIfAborted()
      if (session.put.size === 0) {
        throw new ImageError('INVALID_DATA', 'there is nothing to commit: no manifest was put')
      }
      await session.ready()
      await commitImage(session, options)
    },
    [Symbol.asyncDispose]: () => session.keeper[Symbol.asyncDispose](),
  })
}

async function putManifest(session: Session, manifest: ManifestBytes, options: PutManifestOptions = {}): Promise<void> {
  const { instance, tag, signal } = options
  signal?.throwIfAborted()
  const { bytes, mediaType } = manifest
  const digest = instance ?? session.location.digest ?? manifest.digest
  checkManifest(manifest, { types: MANIFEST_TYPES, digest, what: 'a store' })
  const referrer = referrerOf({ bytes, mediaType, digest })
  await session.ready()
  const descriptor = { mediaType, digest, size: bytes.byteLength }
  await writeDocument(session, descriptor, bytes, { signal })
  if (referrer !== undefined) session.referrers.push(referrer)
  session.put.set(digest, descriptor)
  if (instance === undefined) session.top = descriptor
  else if (tag !== undefined) session.tags.set(tag, descriptor)
}

/** Should some of it be gone before it was kept, the commit says so. */
async function keepAll(
  { keeper, needed }: Session,
  content: readonly Descriptor[],
  operation?: OperationOptions,
): Promise<void> {
  await Promise.all(content.map(async (blob) => await keeper.keep(blob, operation)))
  for (const { digest } of content) needed.add(digest)
}

function signedManifest({ top, put }: Session, instance: Digest | undefined): Descriptor {
  const signed = instance === undefined ? top : put.get(instance)
  if (signed !== undefined) return signed
  throw new ImageError('INVALID_DATA', 'what is signed was not put: put its manifest before its signatures')
}
