import { ImageError, quoteForeign } from '@crossdock/core'

/** The way to a value: keys of tables and places in lists. */
export type DocumentPath = readonly (string | number)[]

/** A document, in whatever syntax, of which every part says where it stands. */
export interface ConfigDocument {
  readonly value: unknown
  /** The line, from 1, of the value at `path` or, where there is none, of what should hold it. */
  line(path: DocumentPath): number
  /** `INVALID_DATA`, `FILE:LINE:COLUMN: reason`, for the value at `path` or, where there is none, for what should hold it. */
  error(path: DocumentPath, reason: string): ImageError
}

/** Text of a file that must be UTF-8; throws `INVALID_DATA` naming the file. A byte order mark is kept. */
export function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    const line = bytes.subarray(0, validPrefix(bytes)).filter((byte) => byte === 0x0a).length + 1
    throw new ImageError('INVALID_DATA', `${quoteForeign(what)}:${line}: it is not valid UTF-8`, { cause })
  }
}

/** Tells lines and columns of a text, both from 1. The text is gone through once, however often it is asked. */
export interface TextPlaces {
  line(offset: number): number
  /** `LINE:COLUMN` */
  place(offset: number): string
}

export function textPlaces(text: string): TextPlaces {
  let starts: readonly number[] | undefined
  const lineAt = (offset: number): { readonly line: number; readonly start: number } => {
    const known = (starts ??= lineStarts(text))
    let [low, high] = [0, known.length]
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((known[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, start: known[low] ?? 0 }
  }
  return {
    line: (offset) => lineAt(offset).line,
    place: (offset) => {
      const { line, start } = lineAt(offset)
      return `${line}:${offset - start + 1}`
    },
  }
}

function lineStarts(text: string): readonly number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** How many bytes stand before the first that is not UTF-8, cut to whole lines. */
function validPrefix(bytes: Uint8Array): number {
  let start = 0
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
    if (!isText(bytes.subarray(start, end))) return start
    start = end + 1
  }
  return start
}

function isText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}
