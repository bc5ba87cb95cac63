import type { Digest, Platform } from '@crossdock/core'
import { type ImageIndex, type ImageManifest, isConfigType, OCI_EMPTY } from '@crossdock/formats'

/** What refers to an image: read, and verified by its digest. */
export interface Attachment {
  readonly digest: Digest
  /** Bytes of the manifest. */
  readonly size: number
  readonly manifest: ImageManifest | ImageIndex
  /** How it is tied to its subject: it names it, a tag does, or the index that lists both. */
  readonly tie: 'subject' | 'tag' | 'index'
  readonly tag?: string | undefined
  readonly subject: Digest
  /** What refers to it in turn. */
  readonly referrers: readonly Attachment[]
}

/** A manifest that things may refer to: what a name stands for, or an instance of it. */
export interface Subject {
  readonly digest: Digest
  readonly platform?: Platform | undefined
}

/** What a name stands for, and all that refers to it. */
export interface AttachmentTree {
  readonly subjects: readonly Subject[]
  /** In the order of their subjects. */
  readonly attachments: readonly Attachment[]
}

/**
 * What kind of thing it is, in the words of its manifest. Where that calls itself an image, or nothing, as what cosign and Docker's builder
 * attach does, its layers say it.
 */
export function artifactTypeOf({ manifest }: Pick<Attachment, 'manifest'>): string {
  if (manifest.artifactType !== undefined) return manifest.artifactType
  if (manifest.kind === 'index') return manifest.mediaType
  const { config, layers } = manifest
  const [type, ...others] = new Set(layers.map(({ mediaType }) => mediaType))
  const isSilent = isConfigType(config.mediaType) || config.mediaType === OCI_EMPTY
  return isSilent && type !== undefined && others.length === 0 ? type : config.mediaType
}
