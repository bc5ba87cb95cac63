/** Four characters a group; line breaks in between are no characters, as for Go's decoder. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Undefined if the text is not base64 with padding (RFC 4648, section 4), of which `Buffer.from` would make something anyway. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const joined = text.replace(/[\r\n]/g, '')
  return BASE64.test(joined) ? Uint8Array.from(Buffer.from(joined, 'base64')) : undefined
}
