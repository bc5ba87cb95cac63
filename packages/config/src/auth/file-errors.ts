import { ImageError, quoteForeign } from '@crossdock/core'

/** What the system calls the error: `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

/** What the promise gives, or undefined if there is no such file. */
export async function ifExists<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  try {
    return await promise
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Whether a file cannot be made there by this user, so that another place is better. */
export function isForbiddenPlace(error: unknown): boolean {
  const code = errorCode(error instanceof ImageError ? error.cause : error)
  return code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
}

/** What the system refuses, as an `IO` that names the file. */
export async function namingFile<Value>(path: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ImageError || errorCode(error) === undefined || errorCode(error) === 'ABORT_ERR') throw error
    const reason = quoteForeign(error instanceof Error ? error.message : String(error), 300)
    const message = `${quoteForeign(path)} cannot be written: ${reason}; name another file (authFile)`
    throw new ImageError('IO', message, { cause: error })
  }
}
