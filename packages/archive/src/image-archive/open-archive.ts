import { ImageError, quoteForeign } from '@crossdock/core'
import { decompress, readBytes } from '@crossdock/streams'
import { openFile } from '../access/open-file.ts'
import type { RandomAccess } from '../access/random-access.ts'
import { compressionAt, readAccess } from '../access/read-access.ts'
import { spool } from '../files/spool.ts'
import { findFile } from '../members/find-file.ts'
import { openEntry } from '../members/open-entry.ts'
import { indexTar, type TarIndex } from '../tar/index-tar.ts'
import type { ResolvedReadOptions } from './read-options.ts'

/** An archive that is being read, in place. */
export interface ArchiveFile extends AsyncDisposable {
  /** What it is, for messages: its path, quoted. */
  readonly what: string
  readonly access: RandomAccess
  readonly index: TarIndex
}

export interface OpenArchiveOptions extends ResolvedReadOptions {
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens an archive and lists what is in it. Throws `NOT_FOUND`, `INVALID_DATA` for what is no regular file and no tar archive, or a
 * damaged one, `LIMIT_EXCEEDED`.
 */
export async function openArchive(path: string, options: OpenArchiveOptions): Promise<ArchiveFile> {
  return await indexArchive(await openUnpacked(path, options), options)
}

/** Lists what is in an archive, which is closed with what is returned, or if this fails. Throws `INVALID_DATA`, `LIMIT_EXCEEDED`. */
export async function indexArchive(
  access: RandomAccess,
  { signal }: Pick<OpenArchiveOptions, 'signal'>,
): Promise<ArchiveFile> {
  try {
    const index = await indexTar(access, { signal })
    return { what: access.name, access, index, [Symbol.asyncDispose]: () => access[Symbol.asyncDispose]() }
  } catch (reason) {
    await access[Symbol.asyncDispose]()
    throw reason
  }
}

/** Opens a file; one that is packed as a whole is unpacked once, into a file without a name. */
async function openUnpacked(path: string, options: OpenArchiveOptions): Promise<RandomAccess> {
  const file = await openFile(path)
  let isPacked = true
  try {
    isPacked = (await compressionAt(file)) !== 'none'
    return isPacked ? await unpack(file, options) : file
  } finally {
    if (isPacked) await file[Symbol.asyncDispose]()
  }
}

/** Unpacks a whole file into one without a name. */
export async function unpack(file: RandomAccess, options: OpenArchiveOptions): Promise<RandomAccess> {
  const { tmpDir, maxUnpackedBytes, signal } = options
  const plain = unpacking(readAccess(file, { signal }), { what: file.name, limitBytes: maxUnpackedBytes })
  return await spool(plain, { folder: tmpDir, limitBytes: maxUnpackedBytes, what: file.name, signal })
}

export interface UnpackingOptions {
  /** What is unpacked, for messages. */
  readonly what: string
  readonly limitBytes: number
}

/** Unpacks a body; what is wrong with it is told with its name. Throws what `decompress` throws. */
export async function* unpacking(
  body: AsyncIterable<Uint8Array>,
  { what, limitBytes }: UnpackingOptions,
): AsyncGenerator<Uint8Array> {
  try {
    yield* decompress(body, { limitBytes })
  } catch (reason) {
    if (!(reason instanceof ImageError) || reason.message.startsWith(what)) throw reason
    throw new ImageError(reason.code, `${what}: ${reason.message}`, { cause: reason })
  }
}

export interface ReadMemberOptions {
  readonly limitBytes: number
  readonly signal?: AbortSignal | undefined
}

/**
 * The bytes of a member, links inside the archive followed. Throws `NOT_FOUND`, `INVALID_DATA` for what is no file,
 * `LIMIT_EXCEEDED` before anything is read.
 */
export async function readMember(
  { what, access, index }: ArchiveFile,
  path: string,
  { limitBytes, signal }: ReadMemberOptions,
): Promise<Uint8Array> {
  const entry = findFile(index, path)
  const name = `${what}: the member "${quoteForeign(path, 200)}"`
  if (entry.size > limitBytes) {
    throw new ImageError('LIMIT_EXCEEDED', `${name} has ${entry.size} bytes; at most ${limitBytes} are read`)
  }
  return await readBytes(openEntry(access, entry, { signal }), { limitBytes, what: name })
}
