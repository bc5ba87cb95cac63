import { invalid, type Place } from './problems.ts'
import { decodeText, encodeText } from './text.ts'

export type PaxRecords = ReadonlyMap<string, string>

export const NO_RECORDS: PaxRecords = new Map()

const SPACE = 0x20
const EQUALS = 0x3d
const NEWLINE = 0x0a
/** Keys whose values may hold any byte. */
const BINARY_KEYS = /^(SCHILY|LIBARCHIVE|RHT|MSWINDOWS)\./
/** A key without value means "not so" to one program and "empty" to the next; only names of owners may be empty. */
const NEVER_EMPTY = new Set(['path', 'linkpath', 'size', 'mtime', 'uid', 'gid'])

/**
 * Reads PAX records (POSIX pax, "pax Extended Header": `LENGTH KEY=VALUE` and a newline each). Of a key that occurs twice the
 * last one counts, except that the offsets and lengths of GNU's sparse format 0.0 are gathered into `GNU.sparse.map`, which makes
 * them format 0.1. Throws `INVALID_DATA`.
 */
export function parsePax(bytes: Uint8Array, place: Place): PaxRecords {
  const records = new Map<string, string>()
  const sparse: string[] = []
  for (let at = 0; at < bytes.byteLength;) {
    const { length, digits } = recordLength(bytes, at, place)
    const record = bytes.subarray(at + digits + 1, at + length - 1)
    const equals = record.indexOf(EQUALS)
    if (equals <= 0) throw invalid(place, 'a PAX record has no key')
    const key = decodeText(record.subarray(0, equals))
    const value = decodeText(record.subarray(equals + 1))
    checkRecord(key, value, place)
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
      const isOffset = key === 'GNU.sparse.offset'
      if (isOffset !== (sparse.length % 2 === 0)) throw invalid(place, 'its sparse map is not in pairs')
      sparse.push(value)
    } else records.set(key, value)
    at += length
  }
  if (sparse.length === 0) return records
  if (records.has('GNU.sparse.map')) throw invalid(place, 'it has two sparse maps')
  return records.set('GNU.sparse.map', sparse.join(','))
}

function recordLength(bytes: Uint8Array, at: number, place: Place): { length: number; digits: number } {
  let length = 0
  let digits = 0
  for (; digits < 8; digits += 1) {
    const digit = (bytes[at + digits] ?? 0) - 0x30
    if (digit < 0 || digit > 9 || (digit === 0 && digits === 0)) break
    length = length * 10 + digit
  }
  const fits = digits > 0 && bytes[at + digits] === SPACE && length > digits + 2 && at + length <= bytes.byteLength
  if (!fits || bytes[at + length - 1] !== NEWLINE) throw invalid(place, 'a PAX record has a wrong length')
  return { length, digits }
}

function checkRecord(key: string, value: string, place: Place): void {
  if (key.includes('\0')) throw invalid(place, 'a key of a PAX record has a NUL')
  if (value.includes('\0') && !BINARY_KEYS.test(key)) throw invalid(place, 'a value of a PAX record has a NUL')
  if (value === '' && NEVER_EMPTY.has(key)) throw invalid(place, `PAX record "${key}" is empty`)
}

/** A whole number of a PAX record; undefined if there is none. Throws `INVALID_DATA` for anything but digits. */
export function paxInteger(records: PaxRecords, key: string, place: Place): number | undefined {
  const text = records.get(key)
  if (text === undefined) return undefined
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw invalid(place, `PAX record "${key}" is not a number that is possible`)
  return value
}

/** A time of a PAX record, in seconds; undefined if there is none. */
export function paxTime(records: PaxRecords, place: Place): number | undefined {
  const text = records.get('mtime')
  if (text === undefined) return undefined
  if (!/^-?\d{1,15}(\.\d{1,30})?$/.test(text)) throw invalid(place, 'PAX record "mtime" is not a time')
  return Number(text)
}

/** Records as bytes, sorted by key, so that the same ones always become the same bytes. */
export function formatPax(records: PaxRecords): Uint8Array {
  const keys = [...records.keys()].toSorted()
  return Buffer.concat(keys.map((key) => formatRecord(encodeText(`${key}=${records.get(key) ?? ''}\n`))))
}

/** The length counts itself: a digit more may make it longer by one. */
function formatRecord(rest: Uint8Array): Uint8Array {
  const content = rest.byteLength + 1
  let length = content + String(content).length
  length = content + String(length).length
  return Buffer.concat([Buffer.from(`${length} `), rest])
}
