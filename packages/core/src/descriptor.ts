import type { Digest } from './digest.ts'

/** What an image runs on (image-spec, image-index.md, "platform"). */
export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string | undefined
  readonly 'os.version'?: string | undefined
  readonly 'os.features'?: readonly string[] | undefined
}

/** What a piece of content is, without the content (image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** Bytes; an integer from 0 to 2^53-1. */
  readonly size: number
  /** Places besides the image's own where the content may be had; never fetched unless asked for. */
  readonly urls?: readonly string[] | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
  /** The content itself in base64; verified before it is used. */
  readonly data?: string | undefined
  readonly artifactType?: string | undefined
  readonly platform?: Platform | undefined
}
