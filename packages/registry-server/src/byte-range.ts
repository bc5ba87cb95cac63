import type { IncomingHttpHeaders } from 'node:http'
import type { ByteRange } from './storage.ts'

/**
 * The part that a GET asks for (RFC 9110, section 14); undefined means everything: no Range, a malformed one, one
 * of another unit, several ranges, or an If-Range that no longer holds.
 */
export function findRange(
  headers: IncomingHttpHeaders,
  { size, etag }: { readonly size: number; readonly etag: string },
): ByteRange | 'unsatisfiable' | undefined {
  const condition = headers['if-range']
  if (headers.range === undefined || (condition !== undefined && condition !== etag)) return undefined
  const [, first, last] = /^bytes=\s*(\d*)-(\d*)\s*$/.exec(headers.range) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return undefined
  if (start >= size) return 'unsatisfiable'
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) }
}

/** `Content-Range: 0-99` of a chunk: no unit, both ends inclusive (distribution-spec, "Pushing a blob in chunks"). */
export function parseChunkRange(text: string): ByteRange | undefined {
  const [, first, last] = /^(?:bytes[ =])?(\d+)-(\d+)(?:\/(?:\d+|\*))?$/.exec(text) ?? []
  if (first === undefined || last === undefined || Number(last) < Number(first)) return undefined
  return { start: Number(first), end: Number(last) + 1 }
}
