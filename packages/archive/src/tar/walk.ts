import { quoteForeign } from '@crossdock/core'
import type { SparsePiece, TarDevice, TarEntry, TarEntryType } from './entry.ts'
import { BLOCK_BYTES, isZero, textField, toBlocks } from './fields.ts'
import { readHeader, type TarHeader } from './header.ts'
import type { TarLimits } from './limits.ts'
import { NO_RECORDS, parsePax, paxInteger, paxTime, type PaxRecords } from './pax.ts'
import { cutOff, invalid, overLimit, unsupported, type Place } from './problems.ts'
import { isPaxSparse, oldGnuSparse, paxSparse } from './sparse.ts'
import type { Steps } from './steps.ts'

/** One way through an archive: where it stands, and what holds for all members from here on. */
export interface TarWalk {
  readonly limits: TarLimits
  position: number
  entries: number
  holeBytes: number
  globals: PaxRecords
}

export function createWalk(limits: TarLimits): TarWalk {
  return { limits, position: 0, entries: 0, holeBytes: 0, globals: NO_RECORDS }
}

/** What stands before a member and belongs to it. */
interface Before {
  records?: PaxRecords
  longName?: string
  longLink?: string
}

/** Global records hold for every member behind them: few, so that they cost little each time. */
const MAX_GLOBAL_RECORDS = 64
const NEVER_GLOBAL = /^(path|linkpath|size|hdrcharset|GNU\.sparse\..*)$/

/**
 * Reads up to the next member; undefined at the end of the archive: two zero blocks, or one, or none if nothing follows. What
 * follows the end is not looked at, as in GNU tar, Python and Go. Throws `INVALID_DATA`, `LIMIT_EXCEEDED` and `UNSUPPORTED`; where programs
 * read a header in different ways it is refused.
 */
export function* nextEntry(walk: TarWalk): Steps<TarEntry | undefined> {
  const { what } = walk.limits
  const before: Before = {}
  for (;;) {
    const place: Place = { what, position: walk.position }
    const block = yield { position: walk.position, bytes: BLOCK_BYTES }
    const pending = before.records !== undefined || before.longName !== undefined || before.longLink !== undefined
    if (block.byteLength < BLOCK_BYTES) {
      checkEnd(place, { left: block.byteLength, pending })
      return undefined
    }
    if (isZero(block)) {
      if (pending) throw invalid(place, 'the archive ends before the member that a header belongs to')
      yield* readEnd(walk)
      return undefined
    }
    const header = readHeader(block, place)
    walk.position += BLOCK_BYTES
    if (isPaxFlag(header.flag)) yield* readRecords(walk, { header, before }, place)
    else if (header.flag === 'L' || header.flag === 'K') yield* readLongText(walk, { header, before }, place)
    else return yield* readMember(walk, { header, before, block }, place)
  }
}

/** The file ends where a header may begin: that is an end, too, unless something is missing. */
function checkEnd(place: Place, { left, pending }: { readonly left: number; readonly pending: boolean }): void {
  if (left > 0 && place.position === 0) throw invalid(place, 'this is no tar archive: it is shorter than one')
  if (left > 0) throw cutOff(place.what, 'within a header')
  if (pending) throw cutOff(place.what, 'before the member that PAX records or a long name belong to')
}

/** Global headers count as members: nothing else limits how many there are. What belongs to one member is at most two headers. */
function countMember(walk: TarWalk, place: Place): void {
  walk.entries += 1
  const { maxEntries } = walk.limits
  if (walk.entries > maxEntries) throw overLimit(place, `there are more than ${maxEntries} members`)
}

/** The second zero block. Behind a single one GNU tar and Python stop and Go does not: nothing may follow there. */
function* readEnd(walk: TarWalk): Steps<void> {
  const place: Place = { what: walk.limits.what, position: walk.position + BLOCK_BYTES }
  const second = yield { position: place.position, bytes: BLOCK_BYTES }
  if (!isZero(second)) throw invalid(place, 'it follows a single block of zeros, where some programs stop reading')
}

function isPaxFlag(flag: string): boolean {
  return flag === 'x' || flag === 'X' || flag === 'g'
}

interface Extension {
  readonly header: TarHeader
  readonly before: Before
}

function* readRecords(walk: TarWalk, { header, before }: Extension, place: Place): Steps<void> {
  if (before.records !== undefined || before.longName !== undefined || before.longLink !== undefined) {
    throw invalid(place, 'several headers describe one member, which programs combine in different ways')
  }
  if (header.flag === 'g') countMember(walk, place)
  const records = parsePax(yield* readContent(walk, header, place), place)
  if (header.flag !== 'g') {
    before.records = records
    return
  }
  const merged = new Map([...walk.globals, ...records])
  for (const key of records.keys()) {
    if (NEVER_GLOBAL.test(key))
      throw invalid(place, `global PAX record "${quoteForeign(key, 100)}" would hold for all members`)
  }
  if (merged.size > MAX_GLOBAL_RECORDS)
    throw overLimit(place, `there are more than ${MAX_GLOBAL_RECORDS} global PAX records`)
  walk.globals = merged
}

/** GNU tar's `././@LongLink`: a name or link target as content. */
function* readLongText(walk: TarWalk, { header, before }: Extension, place: Place): Steps<void> {
  const key = header.flag === 'L' ? 'longName' : 'longLink'
  if (before.records !== undefined || before[key] !== undefined) {
    throw invalid(place, 'several headers describe one member, which programs combine in different ways')
  }
  const content = yield* readContent(walk, header, place)
  const text = textField(content, 0, content.byteLength)
  if (text === '') throw invalid(place, 'a long name is empty')
  before[key] = text
}

/** The size of these is always the one in the header: PAX records speak of the member alone. */
function* readContent(walk: TarWalk, { size }: TarHeader, place: Place): Steps<Uint8Array> {
  const { maxHeaderBytes, what } = walk.limits
  if (size > maxHeaderBytes)
    throw overLimit(place, `PAX records or a long name have ${size} bytes; at most ${maxHeaderBytes} are read`)
  const padded = toBlocks(size)
  const bytes = yield { position: walk.position, bytes: padded }
  if (bytes.byteLength < padded) throw cutOff(what, 'within PAX records or a long name')
  walk.position += padded
  return bytes.subarray(0, size)
}

interface Member extends Extension {
  readonly block: Uint8Array
}

function* readMember(walk: TarWalk, { header, before, block }: Member, place: Place): Steps<TarEntry> {
  countMember(walk, place)
  const own = before.records ?? NO_RECORDS
  const path = own.get('GNU.sparse.name') ?? own.get('path') ?? before.longName ?? header.name
  const linkName = own.get('linkpath') ?? before.longLink ?? header.linkName
  const type = typeOf(header.flag, path, place)
  checkNames(walk.limits, { path, linkName, type }, place)
  const size = sizeOf(paxInteger(own, 'size', place) ?? header.size, { type, own }, place)
  const isSparse = header.flag === 'S' || isPaxSparse(own)
  const content = isSparse
    ? yield* readSparse(walk, { header, before, block, size, type }, place)
    : { size, offset: walk.position, storedSize: size, sparse: undefined }
  walk.position = content.offset + toBlocks(content.storedSize)
  if (!Number.isSafeInteger(walk.position)) throw invalid(place, 'its size is not possible')
  return entryOf({ path, linkName, type }, { header, content, pax: withGlobals(walk.globals, own) }, place)
}

interface Parts {
  readonly header: TarHeader
  readonly content: Content
  readonly pax: PaxRecords
}

function entryOf({ path, linkName, type }: Names, { header, content, pax }: Parts, place: Place): TarEntry {
  return {
    path,
    type,
    size: content.size,
    headerOffset: place.position,
    offset: content.offset,
    storedSize: content.storedSize,
    sparse: content.sparse,
    mode: header.mode & 0o7777,
    uid: paxInteger(pax, 'uid', place) ?? header.uid,
    gid: paxInteger(pax, 'gid', place) ?? header.gid,
    uname: pax.get('uname') ?? header.uname,
    gname: pax.get('gname') ?? header.gname,
    mtime: paxTime(pax, place) ?? header.mtime,
    linkName: type === 'symlink' || type === 'hardlink' ? linkName : '',
    device: deviceOf(type, header),
    pax,
  }
}

function withGlobals(globals: PaxRecords, own: PaxRecords): PaxRecords {
  if (globals.size === 0) return own
  return own.size === 0 ? globals : new Map([...globals, ...own])
}

const TYPES: ReadonlyMap<string, TarEntryType> = new Map([
  ['\0', 'file'],
  ['0', 'file'],
  ['7', 'file'],
  ['S', 'file'],
  ['1', 'hardlink'],
  ['2', 'symlink'],
  ['3', 'character-device'],
  ['4', 'block-device'],
  ['5', 'directory'],
  ['6', 'fifo'],
])

function typeOf(flag: string, path: string, place: Place): TarEntryType {
  const type = TYPES.get(flag)
  if (type === undefined)
    throw unsupported(place, `its type "${quoteForeign(flag)}" is unknown; make the archive with GNU tar`)
  if (type !== 'file' || !path.endsWith('/')) return type
  // Version 7 had no other way to write a folder.
  if (flag === '\0') return 'directory'
  throw invalid(place, 'it is a file whose name ends in "/": for some programs that is a folder')
}

interface Names {
  readonly path: string
  readonly linkName: string
  readonly type: TarEntryType
}

function checkNames({ maxPathBytes }: TarLimits, { path, linkName, type }: Names, place: Place): void {
  if (path === '') throw invalid(place, 'it has no name')
  if ((type === 'symlink' || type === 'hardlink') && linkName === '') throw invalid(place, 'it is a link to nothing')
  // A character of a text is at most three bytes of UTF-8.
  for (const name of [path, linkName]) {
    if (name.length * 3 <= maxPathBytes || Buffer.byteLength(name) <= maxPathBytes) continue
    throw overLimit(place, `a path has ${Buffer.byteLength(name)} bytes; at most ${maxPathBytes} are read`)
  }
}

function sizeOf(size: number, { type, own }: { type: TarEntryType; own: PaxRecords }, place: Place): number {
  if (type === 'file') return size
  // Some writers give a hard link the size of the file; nothing follows it for GNU tar, Python and Go, unless PAX says so.
  if (type === 'hardlink' && !own.has('size')) return 0
  if (size !== 0)
    throw invalid(place, `it is a ${type} with content, which some programs skip and others take for headers`)
  return 0
}

interface Content {
  readonly size: number
  readonly offset: number
  readonly storedSize: number
  readonly sparse: readonly SparsePiece[] | undefined
}

interface SparseMember extends Member {
  readonly size: number
  readonly type: TarEntryType
}

function* readSparse(walk: TarWalk, { header, before, block, size, type }: SparseMember, place: Place): Steps<Content> {
  const { records } = before
  if (type !== 'file' || (header.flag === 'S' && records !== undefined)) {
    throw invalid(place, 'what it says of a sparse file is contradictory')
  }
  const stored = { place, offset: walk.position, bytes: size }
  const file = yield* records === undefined ? oldGnuSparse(block, stored) : paxSparse(records, stored)
  walk.holeBytes += file.holeBytes
  if (walk.holeBytes > walk.limits.maxHoleBytes) {
    throw overLimit(
      place,
      `sparse files have holes of ${walk.holeBytes} bytes together; at most ${walk.limits.maxHoleBytes} are read`,
    )
  }
  return { size: file.size, offset: file.offset, storedSize: file.storedSize, sparse: file.pieces }
}

function deviceOf(type: TarEntryType, { major, minor }: TarHeader): TarDevice | undefined {
  return type === 'character-device' || type === 'block-device' ? { major, minor } : undefined
}
