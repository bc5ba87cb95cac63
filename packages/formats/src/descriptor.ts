import {
  type Descriptor,
  type Digest,
  ImageError,
  isDigest,
  parseDigest,
  type Platform,
  quoteForeign,
} from '@crossdock/core'
import {
  asPlace,
  checkString,
  fieldPath,
  invalid,
  lookalikesOf,
  optionalList,
  optionalObject,
  optionalString,
  optionalStrings,
  type Place,
  refuseLookalikes,
  requiredString,
} from './fields.ts'
import { member, numberText, typeName } from './json.ts'
import { isForeignLayerType } from './media-types.ts'

// RFC 6838, section 4.2. Parameters are no part of it, but artifacts in the field carry them.
const MEDIA_TYPE =
  /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}(?: *;[\x20-\x7e]{0,255})?$/
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/
const KEYS = lookalikesOf(['mediaType', 'digest', 'size', 'urls', 'annotations', 'data', 'artifactType', 'platform'])
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/**
 * Checks that `value` is a descriptor (image-spec, descriptor.md) and takes what is known of it. `where` begins the message
 * of what is wrong: `index.json: manifests[2]`.
 *
 * Media types of any kind are fine as long as they are media types; `data` is kept and not compared with the digest.
 * Throws `INVALID_DATA` naming the field.
 */
export function checkDescriptor(value: unknown, where: string): Descriptor {
  const place = asPlace(value, where)
  refuseLookalikes(place, KEYS)
  const mediaType = checkMediaType(requiredString(place, 'mediaType'), fieldPath(where, 'mediaType'))
  const artifactType = optionalMediaType(place, 'artifactType')
  const urls = optionalList(place, 'urls', checkUrl)
  const annotations = optionalStrings(place, 'annotations')
  const data = optionalBase64(place, 'data')
  const platform = optionalPlatform(place)
  return {
    mediaType,
    digest: checkDigest(member(place.object, 'digest'), fieldPath(where, 'digest')),
    size: checkSize(member(place.object, 'size'), fieldPath(where, 'size')),
    ...(urls !== undefined && { urls }),
    ...(annotations !== undefined && { annotations }),
    ...(data !== undefined && { data }),
    ...(artifactType !== undefined && { artifactType }),
    ...(platform !== undefined && { platform }),
  }
}

/**
 * True for a layer that is named by URL and need not be in a registry: its type is foreign or nondistributable and it has
 * URLs. One without URLs can only come from where the image is, like every other layer.
 */
export function isForeignLayer(descriptor: Descriptor): boolean {
  return isForeignLayerType(descriptor.mediaType) && (descriptor.urls?.length ?? 0) > 0
}

export function checkDigest(value: unknown, where: string): Digest {
  if (isDigest(value)) return value
  if (value === undefined) throw invalid(where, 'is missing')
  try {
    return parseDigest(value)
  } catch (cause) {
    throw new ImageError('INVALID_DATA', `${where}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}

/** An artifact type is a media type; the empty text counts as none, since it is what some writers put for it. */
export function optionalMediaType(place: Place, key: string): string | undefined {
  const text = optionalString(place, key)
  return text === undefined || text === '' ? undefined : checkMediaType(text, fieldPath(place.where, key))
}

function checkMediaType(text: string, where: string): string {
  if (MEDIA_TYPE.test(text)) return text
  throw invalid(where, `"${quoteForeign(text, 100)}" is not a media type of the form type/subtype (RFC 6838)`)
}

function checkSize(value: unknown, where: string): number {
  const text = typeof value === 'number' ? String(value) : numberText(value)
  if (text === undefined) throw invalid(where, `must be a number of bytes, but is ${typeName(value)}`)
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw invalid(where, `must be an integer from 0 to 2^53-1, but is ${quoteForeign(text, 40)}`)
}

function checkUrl(value: unknown, where: string): string {
  const text = checkString(value, where)
  if (URI.test(text)) return text
  throw invalid(where, `"${quoteForeign(text, 200)}" is not a URL`)
}

function optionalBase64(place: Place, key: string): string | undefined {
  const text = optionalString(place, key)
  if (text === undefined || (text.length % 4 === 0 && BASE64.test(text))) return text
  throw invalid(fieldPath(place.where, key), 'is not base64 with padding')
}

function optionalPlatform(parent: Place): Platform | undefined {
  const place = optionalObject(parent, 'platform')
  if (place === undefined) return undefined
  const variant = optionalString(place, 'variant')
  const version = optionalString(place, 'os.version')
  const features = optionalList(place, 'os.features', checkString)
  return {
    os: requiredString(place, 'os'),
    architecture: requiredString(place, 'architecture'),
    ...(variant !== undefined && variant !== '' && { variant }),
    ...(version !== undefined && version !== '' && { 'os.version': version }),
    ...(features !== undefined && features.length > 0 && { 'os.features': features }),
  }
}
