import type { HttpHeaders, HttpMethod } from '../http.ts'
import { createChunkedDecoder } from './chunked.ts'
import { type ResponseHead, trimBlanks, UnsoundAnswer } from './response-head.ts'

/** Finds out which of the bytes on a connection belong to one body. */
export interface BodyDecoder {
  /** Bytes that are still to come; undefined if nobody knows. */
  readonly remaining: number | undefined
  /**
   * Looks at the bytes from `start` to before `end`, which follow those of the call before, and moves what belongs to the body
   * together, to `start`. Throws `UnsoundAnswer`.
   */
  decode(room: Uint8Array, start: number, end: number): Decoded
  /** Whether the connection's end is the body's end, too. */
  readonly endsWithConnection: boolean
}

export interface Decoded {
  /** Where the body's bytes, moved together, end. */
  readonly end: number
  /** Undefined unless the body has ended: how many bytes came behind it, which belong to nothing that was asked for. */
  readonly surplus?: number | undefined
}

/** How the body of an answer is delimited (RFC 9112, 6.3). Undefined: there is none. Throws `UnsoundAnswer`. */
export function bodyDecoder(
  { status, version }: ResponseHead,
  headers: HttpHeaders,
  method: HttpMethod,
): BodyDecoder | undefined {
  const coding = headers.get('transfer-encoding')
  const lengths = headers.all('content-length')
  // Two ways to delimit a body lead two readers to two contents.
  if (coding !== undefined && lengths.length > 0) throw new UnsoundAnswer('a length and a transfer coding')
  const size = contentLength(lengths)
  if (method === 'HEAD' || status === 204 || status === 304) return undefined
  if (coding !== undefined) {
    if (version === '1.0' || coding.toLowerCase() !== 'chunked') throw new UnsoundAnswer('a transfer coding')
    return createChunkedDecoder()
  }
  if (size === 0) return undefined
  return size === undefined ? untilClosed() : ofLength(size)
}

function contentLength(values: readonly string[]): number | undefined {
  const [first, ...more] = values.flatMap((value) => value.split(',')).map(trimBlanks)
  if (first === undefined) return undefined
  if (!/^0*[0-9]{1,16}$/.test(first) || more.some((other) => other !== first)) throw new UnsoundAnswer('a wrong length')
  const size = Number(first)
  if (!Number.isSafeInteger(size)) throw new UnsoundAnswer('a wrong length')
  return size
}

function ofLength(size: number): BodyDecoder {
  let remaining = size
  return {
    get remaining() {
      return remaining
    },
    endsWithConnection: false,
    decode(_room, start, end) {
      const taken = Math.min(end - start, remaining)
      remaining -= taken
      return { end: start + taken, surplus: remaining === 0 ? end - start - taken : undefined }
    },
  }
}

function untilClosed(): BodyDecoder {
  return { remaining: undefined, endsWithConnection: true, decode: (_room, _start, end) => ({ end }) }
}
