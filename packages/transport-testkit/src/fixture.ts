import type { Digest, ImageReference, ImageTransport } from '@crossdock/core'
import type { TestImageFormat } from './images/media-types.ts'
import type { TestImage } from './images/test-image.ts'

/**
 * What the author of a transport supplies for a case: the transport and a place to try it in. Each case gets a fixture of
 * its own, and disposes it.
 */
export interface TransportFixture {
  readonly transport: ImageTransport
  /** A location where nothing is, another one at each call; to write to, if the transport can write. */
  emptyLocation(): Promise<ImageReference>
  /** A location that holds the image. Default: `emptyLocation()`, written through its destination. */
  seeded?(image: TestImage): Promise<ImageReference>
  /** Texts that `parseReference` takes; different ones mean different locations. */
  readonly validReferences: readonly string[]
  /** Texts that it refuses. */
  readonly invalidReferences: readonly string[]
  readonly policyScopes: { readonly valid: readonly string[]; readonly invalid: readonly string[] }
  /** Documents that the transport holds. Default: `oci`. */
  readonly format?: TestImageFormat | undefined
  /** The name that `tags` lists a location by. Needed for `taggable`. */
  tagOf?(reference: ImageReference): string
  /**
   * The location beside this one, in the same repository or folder, that `tags` lists as `tag`. Default: cases about
   * neighbours are passed over.
   */
  neighbour?(reference: ImageReference, tag: string): ImageReference
  /**
   * Texts in which the password `s3cret` stands where a password would stand. Default: one such URL, of which nothing may
   * be shown if it is refused.
   */
  readonly credentialReferences?: readonly string[] | undefined
  /** Changes one byte of stored content in place, behind the transport's back. Default: cases that need it are passed over. */
  corrupt?(reference: ImageReference, digest: Digest): Promise<void>
  /**
   * Names of temporary things that lie at the location: unfinished uploads, temporary files, locks; not what is kept on
   * purpose to resume from. Default: not looked at.
   */
  leftovers?(reference: ImageReference): Promise<readonly string[]>
  /** Ends what the fixture started: servers, folders. */
  dispose?(): Promise<void>
}
