import { ImageError, isDigest, quoteForeign } from '@crossdock/core'

/** Throws `INVALID_REFERENCE` for a digest: images without a name have no scope (containers-policy.json(5), "docker-daemon:"). */
export function validateScope(scope: string): void {
  if (!isDigest(scope)) return
  throw new ImageError(
    'INVALID_REFERENCE',
    `"${quoteForeign(scope, 200)}" cannot be a policy scope of docker-daemon: images are looked up by name, not by ID`,
  )
}
