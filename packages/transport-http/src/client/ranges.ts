import { ImageError } from '@crossdock/core'
import { type HttpResponse, parseContentRange } from '@crossdock/http'
import type { DownloadSession } from './download-session.ts'
import type { PartHead } from './part-head.ts'
import { validatorsOf } from './validators.ts'

type Joinable = Pick<DownloadSession, 'position' | 'head'>

/**
 * The byte to ask from; 0 if nothing that is there can be built on. Where all bytes are there the last one is asked for again: it costs as much as
 * asking whether they are still the content, and every server can do it.
 */
export function rangeFrom({ position, head }: Joinable): number {
  if (head?.strong === undefined) return 0
  return position === head.total ? Math.max(0, position - 1) : position
}

/** `If-Range` makes a server whose content has changed send all of the new one (RFC 9110, 13.1.5). */
export function rangeHeaders({ head }: Joinable, from: number): Readonly<Record<string, string>> {
  return { range: `bytes=${from}-`, ...(head?.strong !== undefined && { 'if-range': head.strong }) }
}

/** Why a partial answer (206) does not fit behind the bytes that are there; undefined if it does. */
export function joinProblem({ headers }: HttpResponse, { head }: Joinable, from: number): string | undefined {
  const range = parseContentRange(headers.get('content-range'))
  if (range?.first !== from) return `sent another range than the one from byte ${from} on`
  if (head?.total !== undefined && range.total !== undefined && range.total !== head.total) {
    return `has ${range.total} bytes now, and had ${head.total}`
  }
  const { etag, lastModified } = validatorsOf(headers)
  const isOther = etag === undefined ? differs(lastModified, head?.lastModified) : differs(etag, head?.etag)
  return isOther ? 'has another content now, and sent a part of it' : undefined
}

function differs(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other
}

/** Encodings that the reader of an archive knows by their content; what is packed so is as good as a packed file. */
const READABLE: ReadonlySet<string> = new Set(['', 'identity', 'gzip', 'x-gzip', 'zstd'])

/**
 * What the bytes of a whole answer are of. They are kept as they come, so that ranges count the same bytes. Throws `UNSUPPORTED` for an encoding that
 * nobody asked for and that cannot be read.
 */
export function contentHead({ headers }: HttpResponse, what: string): PartHead {
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  if (!READABLE.has(encoding)) {
    throw new ImageError(
      'UNSUPPORTED',
      `${what}: it is sent with a content encoding that was not asked for; a proxy or the server packs what has to arrive byte for byte: ` +
        'switch that off there',
      { side: 'source' },
    )
  }
  const length = headers.get('content-length')
  const total = length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined
  return { ...validatorsOf(headers), ...(total !== undefined && { total }) }
}
