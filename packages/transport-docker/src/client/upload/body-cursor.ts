import { type BlobBody, createHasher, type Digest, digestAlgorithm, ImageError } from '@crossdock/core'
import type { HttpBody } from '@crossdock/http'

/** Reads a blob in sections, one after the other from one opening of its body, and again from anywhere if it must be. */
export interface BodyCursor {
  /** The bytes from `from` to before `to` as a request's body. */
  section(from: number, to: number): HttpBody
  /**
   * To be called after the last section: throws `DIGEST_MISMATCH` if the body has more bytes or, where it was read from its
   * beginning, another digest. What was not read here the registry verifies.
   */
  finish(): Promise<void>
  /** Releases the body. */
  close(): Promise<void>
}

interface Run {
  readonly iterator: AsyncIterator<Uint8Array>
  position: number
  /** What came with the last bytes of a section and belongs to the next. */
  rest: Uint8Array | undefined
}

export interface CursorOptions {
  readonly digest: Digest
  readonly size: number
  /** Where the first section begins. */
  readonly from: number
}

export function createBodyCursor(body: BlobBody, { digest, size, from }: CursorOptions): BodyCursor {
  const hasher = from === 0 ? createHasher(digestAlgorithm(digest)) : undefined
  let hashed = from
  let current: Run | undefined

  async function close(): Promise<void> {
    const run = current
    current = undefined
    await run?.iterator.return?.()
  }

  async function runAt(position: number): Promise<Run> {
    if (current?.position === position) return current
    await close()
    current = { iterator: body.open(position)[Symbol.asyncIterator](), position, rest: undefined }
    return current
  }

  async function next(run: Run): Promise<Uint8Array | undefined> {
    const { rest } = run
    run.rest = undefined
    if (rest !== undefined) return rest
    const result = await run.iterator.next()
    return result.done === true ? undefined : result.value
  }

  async function* read(start: number, end: number): AsyncGenerator<Uint8Array> {
    const run = await runAt(start)
    while (run.position < end) {
      const chunk = await next(run)
      if (chunk === undefined) throw wrongSize(`ended after ${run.position}`)
      if (run !== current) return // a later request reads elsewhere
      const part = chunk.subarray(0, end - run.position)
      if (part.byteLength < chunk.byteLength) run.rest = chunk.subarray(part.byteLength)
      // Bytes that are read again were hashed the first time.
      if (run.position + part.byteLength > hashed) {
        hasher?.update(part.subarray(Math.max(0, hashed - run.position)))
        hashed = run.position + part.byteLength
      }
      run.position += part.byteLength
      if (part.byteLength > 0) yield part
    }
  }

  function wrongSize(what: string): ImageError {
    return new ImageError('DIGEST_MISMATCH', `the content of ${digest} should have ${size} bytes but ${what}: it is not what was asked for`)
  }

  return {
    section: (start, end) => ({ size: end - start, open: () => read(start, end) }),
    finish: async () => {
      const run = current
      while (run !== undefined) {
        const chunk = await next(run)
        if (chunk === undefined) break
        if (chunk.byteLength > 0) throw wrongSize('more came')
      }
      const actual = hasher?.digest()
      if (actual !== undefined && actual !== digest) {
        throw new ImageError(
          'DIGEST_MISMATCH',
          `the content should be ${digest} but its ${hashed} bytes are ${actual}: it was damaged or replaced`,
        )
      }
    },
    close,
  }
}
