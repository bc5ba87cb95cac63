import { type ImageReference, imageName } from '@crossdock/core'
import { formatPlatform } from '@crossdock/formats'
import { type Attachment, artifactTypeOf, type AttachmentTree } from './attachment.ts'

/** What `referrers` prints. */
export interface ReferrersDescription {
  readonly Name: string
  readonly Digest: string
  readonly Referrers: readonly ReferrerDescription[]
}

export interface ReferrerDescription {
  readonly Digest: string
  readonly ArtifactType: string
  readonly MediaType: string
  /** Bytes of its manifest. */
  readonly Size: number
  /** Bytes of what the manifest names. */
  readonly ContentSize: number
  readonly Subject: string
  /** Of the subject, if an index says it. */
  readonly Platform?: string | undefined
  /** `subject`, `tag` or `index`. */
  readonly Tie: Attachment['tie']
  readonly Tag?: string | undefined
  readonly Annotations: Readonly<Record<string, string>>
  readonly Referrers: readonly ReferrerDescription[]
}

/** With a type, only those of it, and those that they refer to. */
export function describeReferrers(
  { subjects, attachments }: AttachmentTree,
  { image, type }: { readonly image: ImageReference; readonly type: string | undefined },
): ReferrersDescription {
  const platforms = new Map(
    subjects.flatMap(({ digest, platform }) => (platform === undefined ? [] : [[digest, formatPlatform(platform)]])),
  )
  const describe = (attachment: Attachment): readonly ReferrerDescription[] => {
    const { digest, size, manifest, tie, tag, subject } = attachment
    const below = attachment.referrers.flatMap(describe)
    if (type !== undefined && artifactTypeOf(attachment) !== type && below.length === 0) return []
    const described = {
      Digest: digest,
      ArtifactType: artifactTypeOf(attachment),
      MediaType: manifest.mediaType,
      Size: size,
      ContentSize: contentSize(attachment),
      Subject: subject,
      Platform: platforms.get(subject),
      Tie: tie,
      Tag: tag,
      Annotations: manifest.annotations,
      Referrers: below,
    }
    return [described]
  }
  return {
    Name: imageName(image),
    Digest: subjects[0]?.digest ?? '',
    Referrers: attachments.flatMap(describe),
  }
}

function contentSize({ manifest }: Attachment): number {
  const content = manifest.kind === 'image' ? [manifest.config, ...manifest.layers] : manifest.manifests
  return content.reduce((total, { size }) => total + size, 0)
}
