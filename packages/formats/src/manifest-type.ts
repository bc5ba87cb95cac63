import { ImageError, quoteForeign } from '@crossdock/core'
import { fieldPath, invalid, lookalikesOf, optionalString, type Place, placeName, refuseLookalikes } from './fields.ts'
import { isObject, member, numberText, typeName } from './json.ts'
import {
  DOCKER_CONFIG,
  DOCKER_MANIFEST,
  isIndexType,
  isSchema1Type,
  MANIFEST_MEDIA_TYPES,
  normalizeMediaType,
  OCI_INDEX,
  OCI_MANIFEST,
} from './media-types.ts'

/** What servers and files say when they do not know: the document itself then decides. */
const SAYS_NOTHING: ReadonlySet<string> = new Set(['', 'application/json', 'text/plain', 'application/octet-stream'])

/** True for a normalised type that leaves open what a document is. */
export function saysNothing(type: string): boolean {
  return SAYS_NOTHING.has(type)
}

const KNOWN: ReadonlySet<string> = new Set(MANIFEST_MEDIA_TYPES)

/** The fields that only one kind of document has. A document with those of two is read differently by different programs. */
const STRANGE_TO_INDEX = ['config', 'layers', 'fsLayers', 'history'] as const
const STRANGE_TO_IMAGE = ['manifests', 'fsLayers', 'history'] as const

/** What decides how a document is read. */
const KEYS = lookalikesOf([
  'schemaVersion',
  'mediaType',
  'artifactType',
  'subject',
  'annotations',
  ...STRANGE_TO_INDEX,
  ...STRANGE_TO_IMAGE,
])

/**
 * What the document is. What was said of it (`given`), what it says itself and its shape must agree: a document that passes
 * as an image here and as an index there is refused (image-spec advisory GHSA-77vh-xpmg-72qh, CVE-2021-41190).
 *
 * Throws `INVALID_DATA` naming the fields; `UNSUPPORTED` for schema 1 and for types that are no manifest.
 */
export function resolveDocumentType(place: Place, given: string): string {
  const own = normalizeMediaType(optionalString(place, 'mediaType') ?? '')
  const said = normalizeMediaType(given)
  refuseLookalikeKeys(place)
  refuseSchema1(place, said, own)
  if (!saysNothing(said)) {
    requireKnown(place, said)
    if (own !== '' && own !== said) {
      throw invalid(
        fieldPath(place.where, 'mediaType'),
        `the document says "${quoteForeign(own, 100)}", but it was given as "${said}"`,
      )
    }
  } else if (own !== '') requireKnown(place, own)
  const type = saysNothing(said) ? own || typeByShape(place) : said
  refuseMixedFields(place, type)
  return type
}

/** Throws `INVALID_DATA` for a key of a manifest or index, `index.json` included, that is a known one but for case. */
export function refuseLookalikeKeys(place: Place): void {
  refuseLookalikes(place, KEYS)
}

function refuseSchema1(place: Place, said: string, own: string): void {
  const version = member(place.object, 'schemaVersion')
  const byType = isSchema1Type(said) || isSchema1Type(own)
  if (byType || version === 1) {
    throw new ImageError(
      'UNSUPPORTED',
      `${placeName(place.where)} is a Docker schema 1 manifest, which is not taken here: have the image pushed again by a current ` +
        'program, or ask its registry for a schema 2 or OCI manifest',
    )
  }
  if (version !== 2) {
    const shown = typeof version === 'number' ? String(version) : (numberText(version) ?? typeName(version))
    throw invalid(fieldPath(place.where, 'schemaVersion'), `must be the number 2, but is ${shown}`)
  }
}

function requireKnown(place: Place, type: string): void {
  if (KNOWN.has(type)) return
  throw new ImageError(
    'UNSUPPORTED',
    `${placeName(place.where)} has the media type "${quoteForeign(type, 100)}"; known are ${MANIFEST_MEDIA_TYPES.join(', ')}`,
  )
}

/** Docker documents always name their type, but for schema 2 manifests of early tools, which their config gives away. */
function typeByShape(place: Place): string {
  if (Object.hasOwn(place.object, 'manifests')) return OCI_INDEX
  const config = member(place.object, 'config')
  if (isObject(config) && member(config, 'mediaType') === DOCKER_CONFIG) return DOCKER_MANIFEST
  if (config !== undefined || Object.hasOwn(place.object, 'layers')) return OCI_MANIFEST
  throw invalid(
    place.where,
    'neither a manifest nor an index: it has no "mediaType", "manifests", "config" or "layers"',
  )
}

/** A field counts as there whatever its value, null and empty included. */
function refuseMixedFields(place: Place, type: string): void {
  const index = isIndexType(type)
  const strange = (index ? STRANGE_TO_INDEX : STRANGE_TO_IMAGE).filter((key) => Object.hasOwn(place.object, key))
  if (strange.length === 0) return
  const due = index ? ['manifests'] : ['config', 'layers']
  const there = due.filter((key) => Object.hasOwn(place.object, key))
  throw invalid(
    place.where,
    `ambiguous: as ${index ? 'an index' : 'an image manifest'} (${type}) it may not have ${quoteKeys(strange)}` +
      (there.length === 0 ? `, and lacks ${quoteKeys(due)}` : ` besides ${quoteKeys(there)}`),
  )
}

function quoteKeys(keys: readonly string[]): string {
  return keys.map((key) => `"${key}"`).join(', ')
}
