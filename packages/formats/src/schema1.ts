import {
  type Digest,
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  type ManifestBytes,
  quoteForeign,
  schema1Payload,
  shortDigest,
} from '@crossdock/core'
import { checkDigest } from './descriptor.ts'
import {
  asPlace,
  checkString,
  fieldPath,
  invalid,
  lookalikesOf,
  optional,
  optionalBoolean,
  optionalList,
  optionalObject,
  optionalString,
  type Place,
  refuseLookalikes,
  requiredList,
  requiredString,
} from './fields.ts'
import type { HistoryEntry } from './image-config.ts'
import { member, parseJsonDocument } from './json.ts'
import { saysNothing } from './manifest-type.ts'
import { DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, isSchema1Type, normalizeMediaType } from './media-types.ts'

/**
 * One image in Docker's first manifest format. It has no config blob, its layers have neither sizes nor media types, and
 * steps that made no layer name one that is empty.
 */
export interface Schema1Manifest {
  readonly kind: 'schema1'
  /** `DOCKER_SCHEMA1_SIGNED` if there are signatures in it, else `DOCKER_SCHEMA1`, whatever it was given as. */
  readonly mediaType: string
  /** The repository that it was made for, without host. Empty if the document does not say; nobody checks it. */
  readonly name: string
  readonly tag: string
  readonly architecture: string
  /** From the base up, steps without files included. At least one. */
  readonly layers: readonly Schema1Layer[]
}

/** A step of how the image was made. */
export interface Schema1Layer {
  /** In gzip. Of a step without files that of an empty layer. */
  readonly digest: Digest
  readonly history: HistoryEntry
  /** The history entry as it was written: JSON, in the topmost layer the image's configuration too. */
  readonly v1Compatibility: string
}

interface Entry extends Schema1Layer {
  readonly id: string
  readonly parent: string
}

const STRANGE = ['config', 'layers', 'manifests'] as const
const KEYS = lookalikesOf([
  'schemaVersion',
  'mediaType',
  'name',
  'tag',
  'architecture',
  'fsLayers',
  'history',
  'signatures',
  ...STRANGE,
])
const LAYER_KEYS = lookalikesOf(['blobSum'])
const HISTORY_KEYS = lookalikesOf(['v1Compatibility'])
const COMPATIBILITY_KEYS = lookalikesOf([
  'id',
  'parent',
  'comment',
  'created',
  'container_config',
  'author',
  'throwaway',
])
const ID = /^[a-f0-9]{64}$/

/**
 * Reads a Docker schema 1 manifest (distribution, "Image Manifest Version 2, Schema 1"). Of a signed one only what the signatures
 * cover is read, see `schema1Payload`. Entries that repeat the ID of the one below are left out, as Docker does.
 *
 * Throws `INVALID_DATA` naming the field, and `LIMIT_EXCEEDED`.
 */
export function parseSchema1(manifest: ManifestBytes): Schema1Manifest {
  const what = `manifest ${shortDigest(manifest.digest)}`
  const payload = schema1Payload(manifest.bytes)
  const place = asPlace(parseJsonDocument(payload, { what, maxBytes: MAX_MANIFEST_BYTES }), `${what}:`)
  checkShape(place, manifest.mediaType)
  const digests = requiredList(place, 'fsLayers', readLayer)
  const history = requiredList(place, 'history', readHistory)
  if (digests.length !== history.length) {
    throw invalid(place.where, `has ${digests.length} fsLayers, but ${history.length} entries of history`)
  }
  const entries = digests.flatMap((digest, index) => {
    const text = history[index]
    return text === undefined ? [] : [readEntry(digest, text, fieldPath(place.where, `history[${index}]`))]
  })
  return {
    kind: 'schema1',
    mediaType: payload === manifest.bytes ? DOCKER_SCHEMA1 : DOCKER_SCHEMA1_SIGNED,
    name: optionalString(place, 'name') ?? '',
    tag: optionalString(place, 'tag') ?? '',
    architecture: optionalString(place, 'architecture') ?? '',
    layers: chainOf(entries, place.where)
      .toReversed()
      .map(({ digest, history: step, v1Compatibility }) => ({ digest, history: step, v1Compatibility })),
  }
}

/** True for a document that nobody has said the type of and that says to be schema 1. */
export function saysSchema1({ object }: Place): boolean {
  return member(object, 'schemaVersion') === 1
}

function checkShape(place: Place, given: string): void {
  refuseLookalikes(place, KEYS)
  if (!saysSchema1(place)) throw invalid(fieldPath(place.where, 'schemaVersion'), 'must be the number 1')
  for (const type of [given, optionalString(place, 'mediaType') ?? ''].map(normalizeMediaType)) {
    if (isSchema1Type(type) || saysNothing(type)) continue
    throw invalid(place.where, `is a Docker schema 1 manifest, but is said to be "${quoteForeign(type, 100)}"`)
  }
  // Those that are no part of the payload are gone: these would be signatures to other programs.
  if (optional(place, 'signatures') !== undefined)
    throw invalid(fieldPath(place.where, 'signatures'), 'is not to be read')
  const strange = STRANGE.filter((key) => Object.hasOwn(place.object, key))
  if (strange.length > 0) {
    throw invalid(place.where, `ambiguous: as a Docker schema 1 manifest it may not have "${strange.join('", "')}"`)
  }
}

function readLayer(value: unknown, where: string): Digest {
  const place = asPlace(value, where)
  refuseLookalikes(place, LAYER_KEYS)
  return checkDigest(member(place.object, 'blobSum'), fieldPath(where, 'blobSum'))
}

function readHistory(value: unknown, where: string): string {
  const place = asPlace(value, where)
  refuseLookalikes(place, HISTORY_KEYS)
  return requiredString(place, 'v1Compatibility')
}

function readEntry(digest: Digest, v1Compatibility: string, historyPath: string): Entry {
  const where = fieldPath(historyPath, 'v1Compatibility')
  const bytes = new TextEncoder().encode(v1Compatibility)
  const place = asPlace(parseJsonDocument(bytes, { what: where, maxBytes: MAX_CONFIG_BYTES }), where)
  refuseLookalikes(place, COMPATIBILITY_KEYS)
  const id = requiredString(place, 'id')
  if (!ID.test(id)) throw invalid(fieldPath(where, 'id'), 'must be 64 lower-case hexadecimal characters')
  const command = optionalObject(place, 'container_config')
  const createdBy = command === undefined ? '' : (optionalList(command, 'Cmd', checkWord) ?? []).join(' ')
  const history: HistoryEntry = {
    ...optionalText('created', optionalString(place, 'created')),
    ...optionalText('author', optionalString(place, 'author')),
    ...optionalText('createdBy', createdBy),
    ...optionalText('comment', optionalString(place, 'comment')),
    emptyLayer: optionalBoolean(place, 'throwaway') ?? false,
  }
  const parent = optional(place, 'parent') === undefined ? '' : requiredString(place, 'parent')
  return { digest, history, v1Compatibility, id, parent }
}

function checkWord(value: unknown, where: string): string {
  return checkString(value ?? '', where)
}

function optionalText<Key extends string>(key: Key, text: string | undefined): { readonly [Name in Key]?: string } {
  const found: { [Name in Key]?: string } = {}
  if (text !== undefined && text !== '') found[key] = text
  return found
}

/** Each entry names the one below as its parent; the last has none. */
function chainOf(entries: readonly Entry[], where: string): readonly Entry[] {
  const kept = entries.filter(({ id }, index) => entries[index + 1]?.id !== id)
  if (kept.length === 0) throw invalid(where, 'has no layers')
  const seen = new Set<string>()
  for (const [index, { id, parent }] of kept.entries()) {
    const below = kept[index + 1]?.id ?? ''
    if (seen.has(id)) throw invalid(where, `the history has the ID ${id} more than once`)
    if (parent !== below) {
      throw invalid(
        where,
        `the parent of the history's entry ${index} must be "${below}", but is "${quoteForeign(parent, 100)}"`,
      )
    }
    seen.add(id)
  }
  return kept
}
