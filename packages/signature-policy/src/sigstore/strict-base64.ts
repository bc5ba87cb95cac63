import { ImageError } from '@crossdock/core'
import { decodeBase64 } from '../policy/base64.ts'

/** RFC 4648 section 4, not empty. Throws `INVALID_DATA`; `what` begins the message. */
export function requireBase64(text: string, what: string): Uint8Array {
  const bytes = decodeBase64(text)
  if (bytes === undefined || bytes.byteLength === 0) throw new ImageError('INVALID_DATA', `${what} is not base64`)
  return bytes
}
