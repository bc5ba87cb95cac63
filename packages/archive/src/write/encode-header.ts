import { ImageError, quoteForeign } from '@crossdock/core'
import { cleanPath } from '../members/clean-path.ts'
import type { TarEntryType } from '../tar/entry.ts'
import { BLOCK_BYTES, CHECKSUM_BEGIN, checksum, toBlocks } from '../tar/fields.ts'
import { formatPax } from '../tar/pax.ts'
import { encodeText, isAscii } from '../tar/text.ts'
import type { TarHeaderInput } from './tar-input.ts'

const FLAGS: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
}

/** Records that would contradict the fields. */
const OWN_RECORDS = /^(path|linkpath|size|uid|gid|uname|gname|mtime|hdrcharset|GNU\.sparse\..*)$/

/** Two blocks of zeros: what ends an archive. */
export const END_OF_TAR_BYTES: number = 2 * BLOCK_BYTES

/** How many bytes of an archive the member takes: its headers, its content, the padding. */
export function bytesInTar(input: TarHeaderInput): number {
  return encodeTarHeader(input).byteLength + toBlocks(input.size ?? 0)
}

/**
 * The header of a member: ustar, with PAX records before it for what does not fit there. The same input always gives the same bytes.
 * Throws `INVALID_DATA` for a path that is refused by `cleanPath` and for fields that contradict each other.
 */
export function encodeTarHeader(input: TarHeaderInput): Uint8Array {
  const { type = 'file' } = input
  const path = pathOf(input)
  checkInput(input, path)
  const records = new Map(input.pax)
  const header = new Uint8Array(BLOCK_BYTES)
  putPath(header, path, records)
  putLink(header, input, records)
  putNumber(header, [100, 107], (input.mode ?? defaultMode(type)) & 0o7777)
  putOwner(header, input, records)
  putSize(header, input.size ?? 0, records)
  putTime(header, input.mtime ?? 0, records)
  if (input.device !== undefined) {
    putNumber(header, [329, 336], input.device.major)
    putNumber(header, [337, 344], input.device.minor)
  }
  finish(header, FLAGS[type])
  return records.size === 0 ? header : Buffer.concat([paxBlocks(records), header])
}

function pathOf({ path, type }: TarHeaderInput): string {
  const clean = cleanPath(path, { what: 'the archive to write' })
  if (type === 'directory') return clean === '' ? './' : `${clean}/`
  if (clean === '' || path.endsWith('/')) throw refused(path, 'only a folder may have this name')
  return clean
}

function checkInput(input: TarHeaderInput, path: string): void {
  const { type = 'file', size = 0, uid = 0, gid = 0, mtime = 0 } = input
  if (![size, uid, gid].every(isCount))
    throw refused(path, 'its size, user ID and group ID must be whole numbers from 0 on')
  if (!(Math.abs(mtime) < MAX_TIME)) throw refused(path, 'its time is not possible')
  if (size > 0 && type !== 'file') throw refused(path, `a ${type} has no content`)
  checkLink(input, path)
  checkDevice(input, path)
  checkRecords(input, path)
}

function checkRecords({ pax }: TarHeaderInput, path: string): void {
  for (const key of pax?.keys() ?? []) {
    if (OWN_RECORDS.test(key)) throw refused(path, `PAX record "${key}" has a field of its own`)
    if (key === '' || /[=\0\n]/.test(key)) throw refused(path, 'a PAX record has a key that cannot be written')
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

/** Seconds: some 31 million years. */
const MAX_TIME = 1e15

function checkLink({ type, linkName = '' }: TarHeaderInput, path: string): void {
  const isLink = type === 'symlink' || type === 'hardlink'
  if (isLink !== (linkName !== '')) throw refused(path, 'a link, and only a link, leads somewhere')
  if (linkName.includes('\0')) throw refused(path, 'where it leads has a NUL')
}

/** The largest number of seven octal digits. */
const MAX_SHORT = 0o777_7777

function checkDevice({ type, device }: TarHeaderInput, path: string): void {
  const isDevice = type === 'character-device' || type === 'block-device'
  if (isDevice !== (device !== undefined)) throw refused(path, 'a device, and only a device, has device numbers')
  for (const number of [device?.major ?? 0, device?.minor ?? 0]) {
    if (!isCount(number) || number > MAX_SHORT) throw refused(path, 'its device numbers do not fit')
  }
}

function refused(path: string, problem: string): ImageError {
  return new ImageError('INVALID_DATA', `cannot write "${quoteForeign(path, 200)}" into a tar: ${problem}`)
}

function defaultMode(type: TarEntryType): number {
  return type === 'directory' ? 0o755 : type === 'symlink' ? 0o777 : 0o644
}

type Records = Map<string, string>
type Field = readonly [begin: number, end: number]

const NAME: Field = [0, 100]
const LINK: Field = [157, 257]
const PREFIX: Field = [345, 500]

/** In the name field, or split at a "/" between prefix and name; otherwise a record, with a name in the header that is always the same. */
function putPath(header: Uint8Array, path: string, records: Records): void {
  const bytes = encodeText(path)
  if (isAscii(bytes)) {
    if (putText(header, NAME, bytes)) return
    // The name field holds the most that fits, and at least a character behind the "/".
    const slash = bytes.indexOf(0x2f, bytes.byteLength - (NAME[1] - NAME[0]) - 1)
    if (slash > 0 && slash < bytes.byteLength - 1 && putText(header, PREFIX, bytes.subarray(0, slash))) {
      putText(header, NAME, bytes.subarray(slash + 1))
      return
    }
  }
  records.set('path', path)
  putText(header, NAME, encodeText(path.endsWith('/') ? 'long-name/' : 'long-name'))
}

function putLink(header: Uint8Array, { linkName, type }: TarHeaderInput, records: Records): void {
  if (linkName === undefined || linkName === '') return
  const text = type === 'hardlink' ? cleanPath(linkName, { what: 'the archive to write' }) : linkName
  const bytes = encodeText(text)
  if (isAscii(bytes) && putText(header, LINK, bytes)) return
  records.set('linkpath', text)
  putText(header, LINK, encodeText('long-link'))
}

/** The largest number of eleven octal digits: 8 GiB less a byte. */
const MAX_LONG = 0o777_7777_7777

function putOwner(
  header: Uint8Array,
  { uid = 0, gid = 0, uname = '', gname = '' }: TarHeaderInput,
  records: Records,
): void {
  if (uid > MAX_SHORT) records.set('uid', String(uid))
  if (gid > MAX_SHORT) records.set('gid', String(gid))
  putNumber(header, [108, 115], uid > MAX_SHORT ? 0 : uid)
  putNumber(header, [116, 123], gid > MAX_SHORT ? 0 : gid)
  putOwnerName(header, { key: 'uname', name: uname, field: [265, 296] }, records)
  putOwnerName(header, { key: 'gname', name: gname, field: [297, 328] }, records)
}

interface OwnerName {
  readonly key: string
  readonly name: string
  readonly field: Field
}

function putOwnerName(header: Uint8Array, { key, name, field }: OwnerName, records: Records): void {
  const bytes = encodeText(name)
  if (!isAscii(bytes) || !putText(header, field, bytes)) records.set(key, name)
}

function putSize(header: Uint8Array, size: number, records: Records): void {
  if (size > MAX_LONG) records.set('size', String(size))
  putNumber(header, [124, 135], size > MAX_LONG ? 0 : size)
}

function putTime(header: Uint8Array, mtime: number, records: Records): void {
  const fits = Number.isInteger(mtime) && mtime >= 0 && mtime <= MAX_LONG
  // Nanoseconds are more than a number of this size holds; without an exponent in any case.
  if (!fits) records.set('mtime', mtime.toFixed(9).replace(/\.?0+$/, ''))
  putNumber(header, [136, 147], fits ? mtime : Math.min(Math.max(Math.floor(mtime), 0), MAX_LONG))
}

/** False, with nothing written, if the text is longer than the field. */
function putText(header: Uint8Array, [begin, end]: Field, bytes: Uint8Array): boolean {
  if (bytes.byteLength > end - begin) return false
  header.set(bytes, begin)
  return true
}

/** Octal digits, filled up with zeros; the field has a NUL behind them. */
function putNumber(header: Uint8Array, [begin, end]: Field, value: number): void {
  let rest = value
  for (let at = end - 1; at >= begin; at -= 1) {
    header[at] = 0x30 + (rest % 8)
    rest = Math.floor(rest / 8)
  }
}

function finish(header: Uint8Array, flag: string): void {
  header[156] = flag.charCodeAt(0)
  putText(header, [257, 265], Buffer.from('ustar\u000000', 'latin1'))
  putNumber(header, [CHECKSUM_BEGIN, CHECKSUM_BEGIN + 6], checksum(header))
  header[CHECKSUM_BEGIN + 7] = 0x20
}

function paxBlocks(records: Records): Uint8Array {
  const content = formatPax(records)
  const blocks = new Uint8Array(BLOCK_BYTES + toBlocks(content.byteLength))
  const header = blocks.subarray(0, BLOCK_BYTES)
  putText(header, NAME, Buffer.from('PaxHeaders/next'))
  for (const field of [
    [100, 107],
    [108, 115],
    [116, 123],
    [136, 147],
  ] as const)
    putNumber(header, field, 0)
  putNumber(header, [100, 107], 0o644)
  putNumber(header, [124, 135], content.byteLength)
  finish(header, 'x')
  blocks.set(content, BLOCK_BYTES)
  return blocks
}
