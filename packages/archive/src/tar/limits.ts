import { ImageError } from '@crossdock/core'
import type { TarEntry } from './entry.ts'

/** What reading a tar may cost, and what it is called. */
export interface TarReadOptions {
  /** What is read, for messages: `layer sha256:0123456789ab`. Default: `the tar archive`. */
  readonly what?: string | undefined
  /** The most members. Default: 1,000,000. */
  readonly maxEntries?: number | undefined
  /** The most bytes of PAX records, or of one long name, that stand before a member. Default: 1 MiB. */
  readonly maxHeaderBytes?: number | undefined
  /** The longest path and the longest link target, in bytes. Default: 4096, what Linux takes. */
  readonly maxPathBytes?: number | undefined
  /**
   * The most bytes that the holes of all sparse members become together when they are read. 0 refuses holes. Default: 1 GiB.
   */
  readonly maxHoleBytes?: number | undefined
}

export interface TarLimits {
  readonly what: string
  readonly maxEntries: number
  readonly maxHeaderBytes: number
  readonly maxPathBytes: number
  readonly maxHoleBytes: number
}

export function resolveLimits(options: TarReadOptions): TarLimits {
  return {
    what: options.what ?? 'the tar archive',
    maxEntries: options.maxEntries ?? 1_000_000,
    maxHeaderBytes: options.maxHeaderBytes ?? 1024 * 1024,
    maxPathBytes: options.maxPathBytes ?? 4096,
    maxHoleBytes: options.maxHoleBytes ?? 1024 ** 3,
  }
}

/** Names and PAX records that are kept of one archive or one tree, in characters. */
const MAX_TEXT = 256 * 1024 * 1024

/** Counts the text of members that are kept. Throws `LIMIT_EXCEEDED` when it becomes more than 256 Mi characters. */
export function createTextCounter(what: string): (entry: TarEntry) => void {
  let total = 0
  return ({ path, linkName, pax }) => {
    total += path.length + linkName.length
    for (const [key, value] of pax) total += key.length + value.length
    if (total <= MAX_TEXT) return
    throw new ImageError('LIMIT_EXCEEDED', `${what} has more than ${MAX_TEXT} characters of names and PAX records`)
  }
}
