const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
/** As many arguments as a call bears. */
const PIECE = 8192

/** With padding (RFC 4648, section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = ''
  for (let start = 0; start < bytes.byteLength; start += PIECE) {
    binary += String.fromCharCode(...bytes.subarray(start, start + PIECE))
  }
  return btoa(binary)
}

/** Undefined for what is no base64 with padding. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 > 0 || !BASE64.test(text)) return undefined
  return Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0))
}
