import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { errorNumber, fileError } from '@crossdock/blob-files'
import { MAX_MANIFEST_BYTES } from '@crossdock/core'

const READ_SAFELY: number = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** A link, a device, or something else that is no file. */
const NO_FILE: ReadonlySet<string> = new Set(['ELOOP', 'EMLINK', 'ENXIO', 'EISDIR'])

const OPEN_BRACE = 0x7b

/**
 * The bytes of a file that may be a JSON document; `other` if it cannot be one, by its first byte and its size. In one call without waiting:
 * a transaction of the database stays open meanwhile, and for small files that is several times as fast. Throws `IO`: what a file that cannot
 * be read leads to is not known.
 */
export function readDocumentSync(path: string): Uint8Array | 'missing' | 'other' {
  let descriptor: number
  try {
    descriptor = openSync(path, READ_SAFELY)
  } catch (reason) {
    const number = errorNumber(reason) ?? ''
    if (number === 'ENOENT') return 'missing'
    if (NO_FILE.has(number)) return 'other'
    throw fileError(reason, 'open', path)
  }
  try {
    const found = fstatSync(descriptor)
    if (!found.isFile() || found.size < 2 || found.size > MAX_MANIFEST_BYTES) return 'other'
    return readAll(descriptor, found.size)
  } catch (reason) {
    throw fileError(reason, 'read', path)
  } finally {
    closeSync(descriptor)
  }
}

const HEAD_BYTES = 4096

function readAll(descriptor: number, size: number): Uint8Array | 'other' {
  const bytes = Buffer.allocUnsafeSlow(size)
  let length = readSync(descriptor, bytes, 0, Math.min(size, HEAD_BYTES), 0)
  const first = bytes.subarray(0, length).find((byte) => !isSpace(byte))
  if (first !== OPEN_BRACE) return 'other'
  for (let more = length; more > 0 && length < size; length += more)
    more = readSync(descriptor, bytes, length, size - length, length)
  return bytes.subarray(0, length)
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
}
