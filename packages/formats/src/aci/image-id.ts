import { type Digest, digestAlgorithm, digestEncoded, ImageError, parseDigest, quoteForeign } from '@crossdock/core'

/** The ID of an App Container Image as appc writes it: `sha512-` and the digest of the uncompressed archive. */
export function formatAciImageId(digest: Digest): string {
  return `${digestAlgorithm(digest)}-${digestEncoded(digest)}`
}

/**
 * The digest that a whole ID stands for. Throws `INVALID_DATA` unless it is `sha512-` and 128 hexadecimal digits: half of them, as rkt compared,
 * say nothing of the other half.
 */
export function parseAciImageId(text: string): Digest {
  checkAciHash(text, 'an image ID')
  if (!/^sha512-[0-9a-f]{128}$/.test(text)) {
    throw new ImageError(
      'INVALID_DATA',
      `"${quoteForeign(text, 200)}" is no whole image ID, "sha512-" and 128 hexadecimal digits`,
    )
  }
  return parseDigest(text.replace('-', ':'))
}

/** Throws `INVALID_DATA` unless it has the form `sha512-…` (appc spec, "Image ID Type"), whole or not. */
export function checkAciHash(text: string, where: string): string {
  if (/^sha512-[^-]+$/.test(text)) return text
  throw new ImageError('INVALID_DATA', `${where} must be "sha512-" and a hash, but is "${quoteForeign(text, 200)}"`)
}
