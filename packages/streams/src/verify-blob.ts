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
  const check = startCheck(expected, options.kept)
  let held: Uint8Array | undefined
  for await (const chunk of body) {
    if (chunk.byteLength === 0) continue
    const mayBeLast = check.update(chunk)
    if (held !== undefined) yield held
    // What cannot be the last chunk goes on at once: an interruption then loses nothing.
    held = mayBeLast ? chunk : undefined
    if (!mayBeLast) yield chunk
  }
  check.end()
  if (held !== undefined) yield held
}

interface Check {
  /** Says whether the blob may be complete with these bytes. */
  update(chunk: Uint8Array): boolean
  end(): void
}

function startCheck(expected: ExpectedBlob, kept: VerifyBlobOptions['kept']): Check {
  const { digest, size } = expected
  const algorithm = digestAlgorithm(digest)
  const hasher = kept?.hasher ?? createHasher(algorithm)
  if (hasher.algorithm !== algorithm) {
    throw new TypeError(`the kept hasher computes ${hasher.algorithm}, which says nothing about ${digest}`)
  }
  let seen = kept?.size ?? 0
  if (size !== undefined && seen > size) throw tooLong(expected, seen)
  return {
    update(chunk) {
      seen += chunk.byteLength
      if (size !== undefined && seen > size) throw tooLong(expected, seen)
      hasher.update(chunk)
      return size === undefined || seen === size
    },
    end() {
      if (size !== undefined && seen < size) throw tooShort(expected, seen)
      const actual = hasher.digest()
      if (actual !== digest) throw wrongDigest(expected, seen, actual)
    },
  }
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

function wrongDigest({ digest }: ExpectedBlob, seen: number, actual: Digest): ImageError {
  return new ImageError(
    'DIGEST_MISMATCH',
    `the content should be ${digest} but its ${seen} bytes are ${actual}: it was damaged or replaced`,
  )
}
