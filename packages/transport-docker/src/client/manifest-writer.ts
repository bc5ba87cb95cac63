import {
  type Descriptor,
  type Digest,
  ImageError,
  type ImageErrorCode,
  imageName,
  type ManifestBytes,
  type OperationOptions,
  type PutManifestOptions,
  shortDigest,
} from '@crossdock/core'
import type { DockerImageReference } from '../transport.ts'
import type { BlobWriter } from './blob-writer.ts'
import { writeInstance, writeManifest } from './manifest-write.ts'
import type { Repository } from './repository.ts'
import { namesManifest } from './resolve-digest.ts'
import type { SignedManifest } from './signatures/write-signatures.ts'

/** The manifests of one destination. What the name will stand for waits for `commit`. */
export interface ManifestWriter {
  has(manifest: Descriptor, options: PutManifestOptions): Promise<boolean>
  put(manifest: ManifestBytes, options: PutManifestOptions): Promise<void>
  /** What signatures are over: the instance, or what the name will stand for. Throws `INVALID_DATA` if nothing was put for it. */
  signed(instance: Digest | undefined, operation: OperationOptions): SignedManifest
  commit(operation: OperationOptions): Promise<void>
}

export function createManifestWriter(
  reference: DockerImageReference,
  { repository, blobs }: { readonly repository: Repository; readonly blobs: BlobWriter },
): ManifestWriter {
  const { tag, digest: pinned } = reference.dockerReference
  const written = new Map<Digest, Descriptor>()
  let top: ManifestBytes | undefined
  const needTop = (purpose: string): ManifestBytes => {
    if (top !== undefined) return top
    throw refusal('INVALID_DATA', reference, `no manifest was put: put one before ${purpose}`)
  }

  return {
    async has({ digest }, options) {
      // A name that is both must be right as a tag; what its digest names is then the same.
      const name = options.tag ?? options.instance ?? tag ?? pinned ?? digest
      return await namesManifest(repository, { name, digest }, options)
    },
    async put(manifest, { instance, tag: attached, ...operation }) {
      checkSize(manifest, repository)
      if (instance === undefined) {
        checkPinned(manifest.digest, reference)
        top = manifest
      } else await writeInstance(repository, manifest, { name: instance, tag: attached, blobs, operation })
      const { mediaType, digest, bytes } = manifest
      written.set(instance ?? digest, { mediaType, digest: instance ?? digest, size: bytes.byteLength })
    },
    signed(instance, operation) {
      const digest = instance ?? needTop('its signatures').digest
      const waiting = digest === top?.digest ? top : undefined
      const publish = async (): Promise<void> => {
        if (waiting !== undefined) await writeManifest(repository, waiting, { name: digest, operation })
      }
      return { digest, descriptor: written.get(digest), publish }
    },
    async commit(operation) {
      const manifest = needTop('commit')
      await writeManifest(repository, manifest, { name: tag ?? pinned ?? manifest.digest, operation })
    },
  }
}

function checkSize({ bytes, digest }: ManifestBytes, { session }: Repository): void {
  const { maxManifestBytes } = session.options
  if (bytes.byteLength <= maxManifestBytes) return
  throw new ImageError(
    'LIMIT_EXCEEDED',
    `the manifest ${shortDigest(digest)} has ${bytes.byteLength} bytes; at most ${maxManifestBytes} are written`,
    { side: 'destination' },
  )
}

function checkPinned(digest: Digest, reference: DockerImageReference): void {
  const { digest: pinned } = reference.dockerReference
  if (pinned === undefined || pinned === digest) return
  const why = `it is named by ${pinned}, but the manifest to be written is ${digest}: name it by tag, or write that one`
  throw refusal('DIGEST_MISMATCH', reference, why)
}

function refusal(code: ImageErrorCode, reference: DockerImageReference, why: string): ImageError {
  const image = imageName(reference)
  return new ImageError(code, `${image}: ${why}`, { side: 'destination', image })
}
