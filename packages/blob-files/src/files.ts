import { constants, writeSync } from 'node:fs'
import { lstat, open, type FileHandle } from 'node:fs/promises'
import { ImageError } from '@crossdock/core'
import { errorNumber, fileError, naming, pathError, quotePath } from './file-errors.ts'

// Windows has neither flag; there a look at the path before opening stands in for O_NOFOLLOW.
const NO_FOLLOW: number | undefined = constants.O_NOFOLLOW
const READ_SAFELY: number = constants.O_RDONLY | (NO_FOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** A new file that nobody else can read until it is finished. */
export const PRIVATE_MODE = 0o600

/** The mode of finished files: everybody reads, as far as the process's umask lets them. */
export function publicMode(): number {
  return 0o644 & ~process.umask()
}

/** An open regular file and its size. */
export interface OpenedFile {
  readonly handle: FileHandle
  readonly size: number
}

/**
 * Opens a file for reading without following a link and without ever waiting for one: a pipe, a device or a folder in its
 * place is refused at once. Throws `NOT_FOUND` if there is nothing, `INVALID_DATA` if it is not a regular file.
 */
export async function openRegular(path: string, what: string): Promise<OpenedFile> {
  let handle: FileHandle
  try {
    if (NO_FOLLOW === undefined && (await lstat(path)).isSymbolicLink()) throw notRegular(path, what, 'a symbolic link')
    handle = await open(path, READ_SAFELY)
  } catch (reason) {
    const number = errorNumber(reason)
    if (number === 'ENOENT')
      throw new ImageError('NOT_FOUND', `there is no ${what.replace(/^an? /, '')} at ${quotePath(path)}`, {
        cause: reason,
      })
    if (number === 'ELOOP' || number === 'EMLINK') throw notRegular(path, what, 'a symbolic link')
    if (number === 'ENXIO') throw notRegular(path, what, 'a socket or a device')
    if (number === 'EISDIR') throw notRegular(path, what, 'a folder')
    throw fileError(reason, `open ${what}`, path)
  }
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw notRegular(path, what, stat.isDirectory() ? 'a folder' : 'a pipe, a socket or a device')
    return { handle, size: stat.size }
  } catch (reason) {
    await handle.close()
    throw fileError(reason, `look at ${what}`, path)
  }
}

function notRegular(path: string, what: string, found: string): ImageError {
  return pathError('INVALID_DATA', path, `should be ${what}, but it is ${found}; only regular files are read`)
}

export interface ReadBoundedOptions {
  readonly limitBytes: number
  /** What the file is, for messages: `an "index.json"`. */
  readonly what: string
  /** Whether others append to it, so that bytes that come while it is read are none of this call's. Default: false. */
  readonly mayGrow?: boolean | undefined
}

/** A file's bytes. Throws `NOT_FOUND`, `INVALID_DATA`, and `LIMIT_EXCEEDED` before reading more than `limitBytes`. */
export async function readBounded(path: string, options: ReadBoundedOptions): Promise<Uint8Array> {
  const { limitBytes, what, mayGrow = false } = options
  const { handle, size } = await openRegular(path, what)
  try {
    if (size > limitBytes) throw tooLarge(path, options)
    // One byte more than was seen: a file that grows meanwhile is noticed.
    const room = Buffer.allocUnsafe(size + 1)
    const length = await naming(`read ${what}`, path, () => readFully(handle, room, 0))
    if (length > size && !mayGrow) throw pathError('CONFLICT', path, 'grew while it was read; try again')
    return room.subarray(0, Math.min(length, size))
  } finally {
    await handle.close()
  }
}

function tooLarge(path: string, { what, limitBytes }: ReadBoundedOptions): ImageError {
  return new ImageError('LIMIT_EXCEEDED', `${what} at ${quotePath(path)} is larger than ${limitBytes} bytes`)
}

/** Reads into `room` from `position` until it is full or the file ends. */
export async function readFully(handle: FileHandle, room: Uint8Array, position: number): Promise<number> {
  let length = 0
  while (length < room.byteLength) {
    const { bytesRead } = await handle.read(room, length, room.byteLength - length, position + length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return length
}

/** Writes all chunks, one behind the other, at `position`; the system may take them in pieces. */
export async function writeFully(handle: FileHandle, chunks: readonly Uint8Array[], position: number): Promise<void> {
  let at = position
  for (let left = chunks.filter(({ byteLength }) => byteLength > 0); left.length > 0;) {
    const [first, ...others] = left
    const { bytesWritten } =
      first !== undefined && others.length === 0
        ? await handle.write(first, 0, first.byteLength, at)
        : await handle.writev(left, at)
    at += bytesWritten
    left = behind(left, bytesWritten)
  }
}

/** Moving one chunk to or from memory takes less than a millisecond. */
export const SLOW_MS = 20

/** Writes in its own call, and says whether that was quick. If not, the thread pool is to write the rest: nothing else should wait. */
export function writeInCall({ fd }: FileHandle, bytes: Uint8Array, position: number): boolean {
  const began = performance.now()
  for (let done = 0; done < bytes.byteLength;) {
    done += writeSync(fd, bytes, done, bytes.byteLength - done, position + done)
  }
  return performance.now() - began < SLOW_MS
}

/** What is left of the chunks after so many bytes. */
function behind(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let taken = bytes
  return chunks.flatMap((chunk) => {
    const part = chunk.subarray(Math.min(taken, chunk.byteLength))
    taken -= chunk.byteLength - part.byteLength
    return part.byteLength > 0 ? [part] : []
  })
}

/** Makes a rename or a new name in the folder outlive a power cut. Windows has no such call and needs none. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  await naming('flush the folder', path, async () => {
    const handle = await open(path, constants.O_RDONLY)
    try {
      await handle.sync()
    } catch (reason) {
      // Some network and user-space file systems cannot flush a folder.
      if (!['EINVAL', 'ENOTSUP', 'ENOSYS'].includes(errorNumber(reason) ?? '')) throw reason
    } finally {
      await handle.close()
    }
  })
}
