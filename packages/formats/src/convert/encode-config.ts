import { ImageError, MAX_CONFIG_BYTES } from '@crossdock/core'

/** Throws `LIMIT_EXCEEDED` for a configuration that nobody would read, beyond `MAX_CONFIG_BYTES`. */
export function encodeConfig(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  if (bytes.byteLength <= MAX_CONFIG_BYTES) return bytes
  throw new ImageError(
    'LIMIT_EXCEEDED',
    `the converted config would have ${bytes.byteLength} bytes; ${MAX_CONFIG_BYTES} are allowed`,
  )
}
