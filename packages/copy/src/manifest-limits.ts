import { type Descriptor, ImageError } from '@crossdock/core'
import { isIndexType, isManifestType, isSchema1Type } from '@crossdock/formats'

/** More manifests in one image than this are refused. */
export const MAX_MANIFESTS = 10_000

export function tooManyManifests(): ImageError {
  return new ImageError('LIMIT_EXCEEDED', `the image has more than ${MAX_MANIFESTS} manifests`)
}

/** Whether an entry of an index is a manifest of some kind; anything else travels as a blob. */
export function isDocument({ mediaType }: Descriptor): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType) || isSchema1Type(mediaType)
}
