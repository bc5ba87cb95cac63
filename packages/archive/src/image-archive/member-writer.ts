import { type BlobBody, type BlobHint, type Digest, ImageError } from '@crossdock/core'
import type { TarHeaderInput } from '../write/tar-input.ts'
import type { Arrived } from './arrival.ts'

/** A blob that has become a member of an archive. */
export interface ArchivedBlob extends Arrived {
  /** The member's path. */
  readonly path: string
}

/** A member whose content is in memory. */
export interface SmallMember {
  readonly header: TarHeaderInput
  readonly content: Uint8Array
}

/**
 * An archive that is being written, wherever it goes: it becomes visible in `commit`. Disposing without that leaves nothing.
 */
export interface MemberWriter extends AsyncDisposable {
  /** Blobs that are in the archive. */
  readonly stored: ReadonlyMap<Digest, ArchivedBlob>
  /** How many blobs may be put at once; more wait for one another. */
  readonly parallelBlobs: number
  /**
   * Streams a blob into the archive; what is there already is not written again. Throws `DIGEST_MISMATCH`; the archive is then as if it had
   * not been put.
   */
  putBlob(body: BlobBody, blob: BlobHint, signal?: AbortSignal): Promise<ArchivedBlob>
  /** The bytes of a stored blob; undefined if it is not stored, or gone where nothing is read back from. */
  read(digest: Digest): Promise<Uint8Array | undefined>
  /** Ends the archive with these members and makes it visible in one step, once. Throws `CONFLICT` when it is called again. */
  commit(members: readonly SmallMember[], signal?: AbortSignal): Promise<void>
}

/** What is stored under the digest that a blob has, which need not be put again. Throws `DIGEST_MISMATCH` if it has another size. */
export function sameBlob<Blob extends ArchivedBlob>(known: Blob, size: number | undefined): Blob {
  if (size === undefined || size === known.size) return known
  throw new ImageError('DIGEST_MISMATCH', `${known.digest} has ${known.size} bytes, not ${size}`)
}
