import { checksumHolds, isZero, numberField, textField } from './fields.ts'
import { invalid, type Place } from './problems.ts'

/** The fields of one header block as they stand there. */
export interface TarHeader {
  /** The character that says what this is. */
  readonly flag: string
  readonly name: string
  readonly linkName: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtime: number
  readonly uname: string
  readonly gname: string
  readonly major: number
  readonly minor: number
}

/** What both POSIX and GNU headers have; POSIX has a NUL behind it, GNU a blank. */
const MAGIC = Buffer.from('ustar')
const MAGIC_BEGIN = 257
const MAGIC_END: number = MAGIC_BEGIN + MAGIC.byteLength

function hasMagic(block: Uint8Array): boolean {
  for (let at = 0; at < MAGIC.byteLength; at += 1) if (block[MAGIC_BEGIN + at] !== MAGIC[at]) return false
  return true
}

/** Flags for which bytes 345 to 500 hold something else than a prefix, for GNU tar and Python alike. */
const GNU_FLAGS = 'LKS'

/**
 * Reads a header block: POSIX ustar, GNU or the one of Version 7. Throws `INVALID_DATA` for a wrong checksum, fields that are no
 * numbers, and fields that programs read in different ways.
 */
export function readHeader(block: Uint8Array, place: Place): TarHeader {
  if (!checksumHolds(block)) throw invalid(place, 'its checksum is wrong; this is no tar archive, or it is damaged')
  const isKnown = hasMagic(block)
  const isPosix = isKnown && block[MAGIC_END] === 0
  const flag = block[156] === 0 ? '\0' : textField(block, 156, 157)
  return {
    flag,
    name: prefixOf(block, { isPosix, flag }, place) + textField(block, 0, 100),
    linkName: textField(block, 157, 257),
    mode: field(block, 'mode', place),
    uid: field(block, 'user ID', place),
    gid: field(block, 'group ID', place),
    size: field(block, 'size', place),
    mtime: field(block, 'time', place),
    uname: isKnown ? textField(block, 265, 297) : '',
    gname: isKnown ? textField(block, 297, 329) : '',
    major: field(block, 'device number', place),
    minor: field(block, 'minor device number', place),
  }
}

/**
 * Only POSIX headers have a prefix. Python takes those bytes for one in every header, GNU tar does not: where they are not
 * empty a name would have two readings.
 */
function prefixOf(block: Uint8Array, { isPosix, flag }: { isPosix: boolean; flag: string }, place: Place): string {
  if (GNU_FLAGS.includes(flag)) return ''
  if (!isPosix) {
    if (isZero(block, 345, 500)) return ''
    throw invalid(place, 'it is no POSIX header, but there are bytes where those have a part of the name')
  }
  const prefix = textField(block, 345, 500)
  return prefix === '' ? '' : `${prefix}/`
}

const FIELDS = {
  mode: [100, 108],
  'user ID': [108, 116],
  'group ID': [116, 124],
  size: [124, 136],
  time: [136, 148],
  'device number': [329, 337],
  'minor device number': [337, 345],
} as const

function field(block: Uint8Array, name: keyof typeof FIELDS, place: Place): number {
  const [begin, end] = FIELDS[name]
  const value = numberField(block, begin, end)
  if (Number.isNaN(value)) throw invalid(place, `its ${name} is not a number that every program reads alike`)
  if (value < 0 && name !== 'time') throw invalid(place, `its ${name} is negative`)
  return value
}
