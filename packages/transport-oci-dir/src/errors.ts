import { ImageError, quoteForeign, type ImageErrorCode } from '@crossdock/core'

/** What the operating system's error numbers mean to a person; others are shown as they are. */
const MEANINGS: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EFBIG', 'the file would exceed the largest size that is allowed'],
  ['EROFS', 'the file system is read-only'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'operation not permitted'],
  ['EMFILE', 'too many open files'],
  ['ENFILE', 'too many open files on this machine'],
  ['ENOTDIR', 'a part of the path is not a folder'],
  ['ENOENT', 'it does not exist'],
  ['ELOOP', 'it is a symbolic link'],
  ['EISDIR', 'it is a folder'],
  ['ENAMETOOLONG', 'the name is too long'],
])

/** The error number's name (`ENOENT`) if `reason` is a failure of the operating system. */
export function errorNumber(reason: unknown): string | undefined {
  if (!(reason instanceof Error) || !('code' in reason) || !('syscall' in reason)) return undefined
  return typeof reason.code === 'string' ? reason.code : undefined
}

/** `IO`, or `NOT_FOUND` where `missing` says so, for a failed file operation: what was tried, on which path, and why it failed. */
export function fileError(reason: unknown, what: string, path: string): unknown {
  const number = errorNumber(reason)
  if (number === undefined) return reason
  const why = MEANINGS.get(number)
  return new ImageError(
    'IO',
    `cannot ${what} ${quotePath(path)}: ${why === undefined ? number : `${why} (${number})`}`,
    {
      cause: reason,
    },
  )
}

/** Runs file operations; a failure of the operating system becomes an `IO` error that names the path. */
export async function naming<Value>(what: string, path: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (reason) {
    throw fileError(reason, what, path)
  }
}

/** Runs a file operation; undefined if what it works on does not exist. */
export async function ifExists<Value>(work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work
  } catch (reason) {
    if (errorNumber(reason) === 'ENOENT') return undefined
    throw reason
  }
}

export function quotePath(path: string): string {
  return `"${quoteForeign(path, 300)}"`
}

/** An error about what lies at a path. */
export function pathError(code: ImageErrorCode, path: string, problem: string): ImageError {
  return new ImageError(code, `${quotePath(path)} ${problem}`)
}
