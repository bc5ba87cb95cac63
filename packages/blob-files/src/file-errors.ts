import { constants } from 'node:os'
import { ImageError, quoteForeign, type ImageErrorCode } from '@crossdock/core'

/** What the operating system's error numbers mean to a person, and what to do; others are shown as they are. */
const MEANINGS: ReadonlyMap<string, { readonly is: string; readonly advice?: string }> = new Map([
  ['ENOSPC', { is: 'the disk is full', advice: 'make room and try again' }],
  ['EDQUOT', { is: 'the disk quota is used up', advice: 'make room and try again' }],
  ['EFBIG', { is: 'the file would exceed the largest size that is allowed', advice: 'raise the limit (ulimit -f)' }],
  ['EROFS', { is: 'the file system is read-only', advice: 'choose another path' }],
  ['EACCES', { is: 'permission denied', advice: 'check its permissions and those of the folders above' }],
  ['EPERM', { is: 'operation not permitted', advice: 'check its permissions or choose another path' }],
  ['EMFILE', { is: 'too many open files', advice: 'raise the limit (ulimit -n)' }],
  ['ENFILE', { is: 'too many open files on this machine', advice: 'try again later' }],
  ['ENOTDIR', { is: 'a part of the path is not a folder', advice: 'choose another path' }],
  ['ENOENT', { is: 'it does not exist' }],
  ['ELOOP', { is: 'it is a symbolic link' }],
  ['EISDIR', { is: 'it is a folder' }],
  ['EIO', { is: 'the disk reports an error', advice: 'check the disk, or choose another path' }],
  ['ESTALE', { is: 'the server of this network folder does not know it any more', advice: 'mount it again' }],
  ['ENAMETOOLONG', { is: 'the name is too long', advice: 'choose a shorter path' }],
])

/** The error number's name (`ENOENT`) if `reason` is a failure of the operating system. */
export function errorNumber(reason: unknown): string | undefined {
  if (!(reason instanceof Error) || !('code' in reason) || !('syscall' in reason)) return undefined
  if (typeof reason.code !== 'string') return undefined
  return /^E[A-Z0-9]+$/.test(reason.code) || !('errno' in reason) ? reason.code : nameOf(reason.errno)
}

/** Node.js has no name for some numbers, such as that of a quota that is used up. */
function nameOf(errno: unknown): string {
  return Object.entries(constants.errno).find(([, number]) => -number === errno)?.[0] ?? 'UNKNOWN'
}

/** `IO`, or `NOT_FOUND` where `missing` says so, for a failed file operation: what was tried, on which path, and why it failed. */
export function fileError(reason: unknown, what: string, path: string): unknown {
  const number = errorNumber(reason)
  if (number === undefined) return reason
  const meaning = MEANINGS.get(number)
  const why = meaning === undefined ? number : `${meaning.is} (${number})`
  const advice = meaning?.advice === undefined ? '' : `; ${meaning.advice}`
  return new ImageError('IO', `cannot ${what} ${quotePath(path)}: ${why}${advice}`, { cause: reason })
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
