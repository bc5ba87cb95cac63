import type { BodyDecoder, Decoded } from './framing.ts'
import { UnsoundAnswer } from './response-head.ts'

const LINE_FEED = 10
const RETURN = 13
/** Chunk extensions and trailers, of which nothing is used. */
const MAX_LINE_BYTES = 4096
const MAX_TRAILER_BYTES = 64 * 1024

/** `size`: a line with a chunk's size; `data`: its bytes; `behind`: the line's end after them; `trailer`: lines after the last. */
type Part = 'size' | 'data' | 'behind' | 'trailer'

/** The chunked transfer coding (RFC 9112, 7.1). Lines may end in a single line feed. */
export function createChunkedDecoder(): BodyDecoder {
  let part: Part = 'size'
  let line = ''
  let left = 0
  let trailers = 0

  /** Takes a whole line; says whether the body has ended with it. */
  function endLine(): boolean {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line
    line = ''
    if (part === 'trailer') {
      trailers += text.length + 1
      if (trailers > MAX_TRAILER_BYTES) throw new UnsoundAnswer('too long trailers')
      return text === ''
    }
    if (part === 'behind') {
      if (text !== '') throw new UnsoundAnswer('a chunk that is longer than its size')
      part = 'size'
      return false
    }
    left = chunkSize(text)
    part = left === 0 ? 'trailer' : 'data'
    return false
  }

  /** Takes bytes of lines up to the next line's end or `end`; returns where it stopped. */
  function readLine(room: Uint8Array, start: number, end: number): number {
    const feed = room.subarray(start, end).indexOf(LINE_FEED)
    const stop = feed < 0 ? end : start + feed
    if (line.length + stop - start > MAX_LINE_BYTES) throw new UnsoundAnswer('a too long line between chunks')
    for (let at = start; at < stop; at += 1) line += String.fromCharCode(room[at] ?? RETURN)
    return stop
  }

  return {
    remaining: undefined,
    endsWithConnection: false,
    decode(room, start, end): Decoded {
      let into = start
      for (let at = start; at < end;) {
        if (part === 'data') {
          const taken = Math.min(end - at, left)
          if (into !== at) room.copyWithin(into, at, at + taken)
          into += taken
          at += taken
          left -= taken
          if (left === 0) part = 'behind'
          continue
        }
        at = readLine(room, at, end)
        if (at === end) break
        at += 1
        if (endLine()) return { end: into, surplus: end - at }
      }
      return { end: into }
    },
  }
}

function chunkSize(line: string): number {
  const [, digits] = /^([0-9A-Fa-f]{1,13})[ \t]*(?:;.*)?$/.exec(line) ?? []
  if (digits === undefined) throw new UnsoundAnswer('a wrong chunk size')
  return Number.parseInt(digits, 16)
}
