import { createHasher, digestAlgorithm, ImageError, type Digest, type Hasher } from '@crossdock/core'

/** What a blob must turn out to be. */
export interface ExpectedBlob {
  readonly digest: Digest
  /** Bytes of the whole blob. Default: not checked; the digest alone decides. */
  readonly size?: number | undefined
}

export interface VerifyBlobOptions {
  /**
   * The head of the blob that is there already, from an interrupted run: `hasher` has seen its `size` bytes and `body` goes
   * on behind them. The hasher is used up. Default: `body` is the whole blob.
   */
  readonly kept?: { readonly hasher: Hasher; readonly size: number } | undefined
}

/**
 * Passes a blob through and verifies it. Throws `DIGEST_MISMATCH` as soon as more bytes came than expected, or at the end
 * when size or digest differ.
 *
 * The last bytes are held back until everything held, so that a consumer that sends them on can never complete a wrong
 * blob. Leaving early closes `body`; a generator that was never started has not opened it.
 */
export async function* verifyBlob(
  body: AsyncIterable<Uint8Array>,
  expected: ExpectedBlob,
  options: VerifyBlobOptions = {},
): AsyncGenerator<Uint8Array> {
  const hasher = options.kept?.hasher ?? createHasher(digestAlgorithm(expected.digest))
  if (hasher.algorithm !== digestAlgorithm(expected.digest)) {
    throw new TypeError(`the kept hasher computes ${hasher.algorithm}, which says nothing about ${expected.digest}`)
  }
  const size = expected.size
  let seen = options.kept?.size ?? 0
  let held: Uint8Array | undefined
  if (size !== undefined && seen > size) throw tooLong(expected, seen)
  for await (const chunk of body) {
    if (chunk.byteLength === 0) continue
    seen += chunk.byteLength
    if (size !== undefined && seen > size) throw tooLong(expected, seen)
    hasher.update(chunk)
    if (held !== undefined) yield held
    held = undefined
    // What cannot be the last chunk goes on at once: an interruption then loses nothing.
    if (size !== undefined && seen < size) yield chunk
    else held = chunk
  }
  if (size !== undefined && seen < size) throw tooShort(expected, seen)
  const actual = hasher.digest()
  if (actual !== expected.digest) {
    throw new ImageError(
      'DIGEST_MISMATCH',
      `the content should be ${expected.digest} but its ${seen} bytes are ${actual}: it was damaged or replaced`,
    )
  }
  if (held !== undefined) yield held
}

function tooLong({ digest, size }: ExpectedBlob, seen: number): ImageError {
  return new ImageError(
    'DIGEST_MISMATCH',
    `the content of ${digest} should have ${size} bytes but at least ${seen} came: it is not what was asked for`,
  )
}

function tooShort({ digest, size }: ExpectedBlob, seen: number): ImageError {
  return new ImageError(
    'DIGEST_MISMATCH',
    `the content of ${digest} should have ${size} bytes but ended after ${seen}: it is incomplete`,
  )
}
