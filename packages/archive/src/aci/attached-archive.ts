import { createHasher, type Descriptor, type Digest, type ManifestBytes } from '@crossdock/core'
import { ACI_ARTIFACT, type AciArtifact, aciArtifact, type ImageOfAci } from '@crossdock/formats'
import { recycle } from '@crossdock/streams'
import type { AciArchive } from './open-aci.ts'

/** The archive as it was published, as an artifact that refers to the image that is made of it. */
export interface AttachedArchive extends AciArtifact {
  /** Of the artifact's manifest. */
  readonly descriptor: Descriptor
  /** Of the archive. */
  readonly digest: Digest
  readonly size: number
  open(signal?: AbortSignal): AsyncIterable<Uint8Array>
}

export interface AttachOptions {
  readonly image: Pick<ImageOfAci, 'manifest'>
  readonly signature: Uint8Array | undefined
  readonly signal: AbortSignal
}

/** Reads the file once: blobs are known by another digest than image IDs. Throws `CONFLICT` if it was changed meanwhile. */
export async function attachedArchive(
  { published, publishedSize: size }: AciArchive,
  { image, signature, signal }: AttachOptions,
): Promise<AttachedArchive> {
  const hasher = createHasher('sha256')
  for await (const chunk of published(signal)) {
    hasher.update(chunk)
    recycle(chunk)
  }
  const digest = hasher.digest()
  const artifact = aciArtifact({ subject: describe(image.manifest), archive: { digest, size }, signature })
  const descriptor = { ...describe(artifact.manifest), artifactType: ACI_ARTIFACT }
  return { ...artifact, descriptor, digest, size, open: published }
}

function describe({ mediaType, digest, bytes }: ManifestBytes): Descriptor {
  return { mediaType, digest, size: bytes.byteLength }
}
