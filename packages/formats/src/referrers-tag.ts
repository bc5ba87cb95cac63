import { ImageError, quoteForeign } from '@crossdock/core'

/**
 * The tag under which a registry without referrers API keeps the index of what refers to `digest` (distribution-spec,
 * "Referrers Tag Schema"): algorithm cut to 32 characters, value to 64, what a tag cannot hold replaced by "-".
 *
 * Throws `INVALID_DATA` for a text without ":".
 */
export function referrersTag(digest: string): string {
  const colon = digest.indexOf(':')
  if (colon < 1)
    throw new ImageError('INVALID_DATA', `"${quoteForeign(digest, 100)}" is not a digest: it has no algorithm`)
  const algorithm = digest.slice(0, Math.min(colon, 32))
  const encoded = digest.slice(colon + 1, colon + 1 + 64)
  return `${algorithm}-${encoded}`.replace(/[^A-Za-z0-9_.-]/g, '-')
}
