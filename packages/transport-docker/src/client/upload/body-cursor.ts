import { type BlobBody, createHasher, type Digest, digestAlgorithm, ImageError } from '@crossdock/core'
import type { HttpBody } from '@crossdock/http'
import { shareChunk } from '@crossdock/streams'
import type { KnownBlob } from './put-outcome.ts'

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
  close(): void
}

interface Run {
  readonly iterator: AsyncIterator<Uint8Array>
  position: number
  /** Whether a section takes from it. One that was given up may still do so, and what it takes then is lost. */
  taken: boolean
  /** What came with the last bytes of a section and belongs to the next. */
  rest: Uint8Array | undefined
}

export interface CursorOptions extends KnownBlob {
  /** Where the first section begins. */
  readonly from: number
}

export function createBodyCursor(body: BlobBody, { from, ...blob }: CursorOptions): BodyCursor {
  let hasher = from === 0 ? createHasher(digestAlgorithm(blob.digest)) : undefined
  let hashed = from
  let current: Run | undefined

  function close(): void {
    const run = current
    current = undefined
    // One that hangs is not waited for; what it does in ending is its own affair.
    run?.iterator.return?.().catch(() => undefined)
  }

  function runAt(position: number): Run {
    if (current?.position === position && !current.taken) return current
    close()
    current = { iterator: body.open(position)[Symbol.asyncIterator](), position, taken: false, rest: undefined }
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
    const run = runAt(start)
    if (start > hashed) hasher = undefined // what is left out the registry has
    while (run.position < end) {
      run.taken = true
      const chunk = await next(run)
      if (chunk === undefined) throw wrongSize(blob, `ended after ${run.position}`)
      if (run !== current) return // a later request reads elsewhere
      const part = chunk.subarray(0, end - run.position)
      if (part.byteLength < chunk.byteLength) {
        shareChunk(chunk)
        run.rest = chunk.subarray(part.byteLength)
      }
      // Bytes that are read again were hashed the first time.
      if (run.position + part.byteLength > hashed) {
        hasher?.update(part.subarray(Math.max(0, hashed - run.position)))
        hashed = run.position + part.byteLength
      }
      run.position += part.byteLength
      run.taken = run.position < end
      if (part.byteLength > 0) yield part
    }
  }

  return {
    section: (start, end) => ({ size: end - start, open: () => read(start, end) }),
    finish: async () => {
      const run = current
      if (run !== undefined && !(await isAtEnd(() => next(run)))) throw wrongSize(blob, 'more came')
      const actual = hasher?.digest()
      if (actual !== undefined && actual !== blob.digest) throw wrongBytes(blob, actual)
    },
    close,
  }
}

async function isAtEnd(next: () => Promise<Uint8Array | undefined>): Promise<boolean> {
  let chunk = await next()
  while (chunk?.byteLength === 0) chunk = await next()
  return chunk === undefined
}

function wrongSize({ digest, size }: KnownBlob, what: string): ImageError {
  return new ImageError(
    'DIGEST_MISMATCH',
    `the content of ${digest} should have ${size} bytes but ${what}: it is not what was asked for`,
  )
}

function wrongBytes({ digest, size }: KnownBlob, actual: Digest): ImageError {
  return new ImageError(
    'DIGEST_MISMATCH',
    `the content should be ${digest} but its ${size} bytes are ${actual}: it was damaged or replaced`,
  )
}
