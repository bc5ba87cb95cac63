import { ImageError, quoteForeign } from '@crossdock/core'
import { isObject, member, parseJsonDocument } from '../json.ts'

/** What `oci-layout` holds in a new layout (image-spec, image-layout.md, "oci-layout file"). */
export const LAYOUT_MARKER = '{"imageLayoutVersion":"1.0.0"}'

/** The largest `oci-layout` that is read, in bytes. */
export const MAX_LAYOUT_MARKER_BYTES: number = 64 * 1024

/**
 * Checks what an `oci-layout` file holds; `what` is what it is called in messages. Throws `INVALID_DATA`, and `UNSUPPORTED` for a layout of
 * another version than 1.0.
 */
export function checkLayoutMarker(bytes: Uint8Array, what: string): void {
  const document = parseJsonDocument(bytes, { what, maxBytes: MAX_LAYOUT_MARKER_BYTES })
  const version = isObject(document) ? member(document, 'imageLayoutVersion') : undefined
  if (typeof version !== 'string') throw new ImageError('INVALID_DATA', `${what} must have a text "imageLayoutVersion"`)
  if (/^1\.0\.[0-9]{1,9}$/.test(version)) return
  throw new ImageError(
    'UNSUPPORTED',
    `${what} says layout version "${quoteForeign(version, 40)}"; version 1.0 is what is read here`,
  )
}
