import type { BodyDecoder, Decoded } from './framing.ts'
import { parseField, UnsoundAnswer } from './response-head.ts'

const LINE_FEED = 10
const MAX_LINE_BYTES = 4096
/** How much more there may be of what is not used (chunk extensions, trailers) than of content. */
const MAX_UNUSED_BYTES = 64 * 1024

/** `size`: a line with a chunk's size; `data`: its bytes; `behind`: the line's end after them; `trailer`: lines after the last. */
type Part = 'size' | 'data' | 'behind' | 'trailer'

/** The chunked transfer coding (RFC 9112, 7.1). Lines end in both, return and line feed: 2.2 allows less in a head alone. */
export function createChunkedDecoder(): BodyDecoder {
  const lines = createLineReader()
  let part: Part = 'size'
  let left = 0
  let unused = 0

  /** Takes a whole line; says whether the body has ended with it. */
  function endLine(line: string): boolean {
    if (part === 'behind') {
      if (line !== '') throw new UnsoundAnswer('a chunk that is longer than its size')
      part = 'size'
    } else if (part === 'size') {
      const { size, digits } = parseSize(line)
      waste(line.length - digits)
      unused = Math.max(0, unused - size)
      left = size
      part = size === 0 ? 'trailer' : 'data'
    } else {
      if (line === '') return true
      parseField(line)
      waste(line.length)
    }
    return false
  }

  function waste(bytes: number): void {
    unused += bytes
    if (unused > MAX_UNUSED_BYTES) throw new UnsoundAnswer('too much between chunks')
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
        const feed = room.subarray(at, end).indexOf(LINE_FEED)
        const stop = feed < 0 ? end : at + feed + 1
        const line = lines.add(room, at, stop)
        at = stop
        if (line !== undefined && endLine(line)) return { end: into, surplus: end - at }
      }
      return { end: into }
    },
  }
}

interface LineReader {
  /** Takes bytes, of which the last alone may be a line feed. Answers with the line, without its end, once it is whole. */
  add(bytes: Uint8Array, start: number, end: number): string | undefined
}

function createLineReader(): LineReader {
  let line = ''
  return {
    add(bytes, start, end) {
      if (line.length + end - start > MAX_LINE_BYTES) throw new UnsoundAnswer('a too long line between chunks')
      line += String.fromCharCode(...bytes.subarray(start, end))
      if (!line.endsWith('\n')) return undefined
      if (!line.endsWith('\r\n')) throw new UnsoundAnswer('a line between chunks without its end')
      const whole = line.slice(0, -2)
      line = ''
      return whole
    },
  }
}

/** The size in hexadecimal, and what may follow it; older servers pad it with blanks. */
const SIZE = /^0*([0-9A-Fa-f]{1,13})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*|[ \t]+)?$/

function parseSize(line: string): { readonly size: number; readonly digits: number } {
  const [, digits] = SIZE.exec(line) ?? []
  if (digits === undefined) throw new UnsoundAnswer('a wrong chunk size')
  return { size: Number.parseInt(digits, 16), digits: digits.length }
}
