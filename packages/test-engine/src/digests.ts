import { createHash } from 'node:crypto'

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${hexOf(bytes)}`
}

export function hexOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Where a layout has a blob. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`
}

export interface Description {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

/** How a document names content. */
export function describe(mediaType: string, bytes: Uint8Array): Description {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength }
}
