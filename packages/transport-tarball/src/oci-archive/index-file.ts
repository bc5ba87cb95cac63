import { type Descriptor, ImageError, quoteForeign } from '@crossdock/core'
import {
  checkDescriptor,
  isIndexType,
  isManifestType,
  isObject,
  MANIFEST_MEDIA_TYPES,
  member,
  OCI_INDEX,
  parseJsonDocument,
  refuseLookalikeKeys,
} from '@crossdock/formats'
import type { OciArchiveSelection } from './reference.ts'

/** The annotation that names an entry (image-spec, annotations.md). */
const REF_NAME = 'org.opencontainers.image.ref.name'

export const INDEX_FILE = 'index.json'
export const MAX_INDEX_FILE_BYTES: number = 16 * 1024 * 1024

/** More entries than an archive has in practice, and few enough to be looked through at every call. */
const MAX_ENTRIES = 100_000

/** One entry of `index.json`. It is checked when it is used: what is wrong with others is no reason to fail. */
export interface IndexEntry {
  readonly name: string | undefined
  readonly value: object
  /** Its place. */
  readonly position: number
}

export interface ArchiveIndex {
  /** For messages. */
  readonly what: string
  readonly entries: readonly IndexEntry[]
}

/** Throws `INVALID_DATA` naming the archive, and `LIMIT_EXCEEDED`. */
export function parseIndexFile(bytes: Uint8Array, archive: string): ArchiveIndex {
  const what = `${archive}: ${INDEX_FILE}`
  const invalid = (problem: string): ImageError => new ImageError('INVALID_DATA', `${what} ${problem}`)
  const document = parseJsonDocument(bytes, { what, maxBytes: MAX_INDEX_FILE_BYTES })
  if (!isObject(document)) throw invalid('must hold a JSON object')
  refuseLookalikeKeys({ object: document, where: what })
  if (member(document, 'schemaVersion') !== 2) throw invalid('must have "schemaVersion" 2')
  if ((member(document, 'mediaType') ?? OCI_INDEX) !== OCI_INDEX)
    throw invalid(`has a "mediaType" other than ${OCI_INDEX}`)
  // Go writes null for an empty list.
  const list = member(document, 'manifests') ?? (Object.hasOwn(document, 'manifests') ? [] : undefined)
  if (!Array.isArray(list)) throw invalid('must have an array "manifests"')
  if (list.length > MAX_ENTRIES) {
    throw new ImageError('LIMIT_EXCEEDED', `${what} lists ${list.length} images; at most ${MAX_ENTRIES} are read`)
  }
  const entries = list.map((value: unknown, position) => {
    if (!isObject(value)) throw invalid(`has a manifests[${position}] that is not an object`)
    return { name: nameOf(value), value, position }
  })
  return { what, entries }
}

function nameOf(value: object): string | undefined {
  const annotations = member(value, 'annotations')
  const name = isObject(annotations) ? member(annotations, REF_NAME) : undefined
  return typeof name === 'string' && name !== '' ? name : undefined
}

/** A manifest with the name that it is listed by. */
export interface NewEntry {
  readonly descriptor: Descriptor
  readonly name: string | undefined
}

export function formatIndexFile(entries: readonly NewEntry[]): Uint8Array {
  const manifests = entries.map(({ descriptor: { mediaType, digest, size, artifactType }, name }) => ({
    mediaType,
    digest,
    size,
    ...(name !== undefined && { annotations: { [REF_NAME]: name } }),
    ...(artifactType !== undefined && { artifactType }),
  }))
  return new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }))
}

/** The descriptor of an entry, checked. Throws `INVALID_DATA`; `UNSUPPORTED` for what is no manifest. */
export function descriptorOf({ what }: ArchiveIndex, { value, position }: IndexEntry): Descriptor {
  const where = `${what} manifests[${position}]`
  const descriptor = checkDescriptor(value, where)
  if (isDocument(descriptor)) return descriptor
  throw new ImageError(
    'UNSUPPORTED',
    `${where} is a "${quoteForeign(descriptor.mediaType, 100)}"; images are ${MANIFEST_MEDIA_TYPES.join(', ')}`,
  )
}

export function isDocument({ mediaType }: Descriptor): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType)
}

/** The manifests that are listed; entries that are no manifests or damaged are other people's business. */
export function usableDescriptors(index: ArchiveIndex): readonly Descriptor[] {
  return index.entries.flatMap((entry) => {
    try {
      return [descriptorOf(index, entry)]
    } catch (reason) {
      if (reason instanceof ImageError) return []
      throw reason
    }
  })
}

/**
 * The entry that is meant, the digest left aside. Throws `NOT_FOUND`, and `CONFLICT` where several could be meant: more than one image
 * without a name given, or one name on different images.
 */
export function selectEntry(index: ArchiveIndex, { name, index: place }: OciArchiveSelection): IndexEntry {
  if (place !== undefined) return entryAt(index, place)
  if (name !== undefined) return entryNamed(index, name)
  // Lists of referrers are beside the images, not among them.
  const images = index.entries.filter((entry) => !isReferrersEntry(entry))
  const [only, ...others] = images.length === 0 ? index.entries : images
  if (only === undefined) throw new ImageError('NOT_FOUND', `${index.what} lists no image`)
  if (others.every((other) => digestIn(other) === digestIn(only))) return only
  throw new ImageError('CONFLICT', `${index.what} lists several images; choose one: ${listNames(index)}`)
}

function entryAt(index: ArchiveIndex, place: number): IndexEntry {
  const entry = index.entries[place]
  if (entry !== undefined) return entry
  const last = index.entries.length - 1
  const there = last < 0 ? 'lists no image' : `has no @${place}; the places are @0 to @${last}`
  throw new ImageError('NOT_FOUND', `${index.what} ${there}`)
}

function entryNamed(index: ArchiveIndex, name: string): IndexEntry {
  const named = index.entries.filter((entry) => entry.name === name)
  const [first] = named
  if (first === undefined) {
    throw new ImageError('NOT_FOUND', `${index.what} lists no image named "${name}"; it lists ${listNames(index)}`)
  }
  if (named.every((entry) => digestIn(entry) === digestIn(first))) return first
  const places = named.map(({ position }) => `@${position}`)
  throw new ImageError(
    'CONFLICT',
    `${index.what} gives the name "${name}" to ${named.length} images; choose by place: ${shortList(places)}`,
  )
}

/** As written. */
function digestIn({ value }: IndexEntry): unknown {
  return member(value, 'digest')
}

const REFERRERS_TAG = /^(?:sha256|sha512)-[0-9a-f]{32,64}$/

/** An entry that lists the referrers of a manifest, by its name (distribution-spec, "Referrers Tag Schema"). */
function isReferrersEntry({ name }: IndexEntry): boolean {
  return name !== undefined && REFERRERS_TAG.test(name)
}

const MAX_LISTED = 20

function listNames({ entries }: ArchiveIndex): string {
  if (entries.length === 0) return 'nothing'
  return shortList(
    entries.map(({ name, position }) => (name === undefined ? `@${position}` : `"${quoteForeign(name, 80)}"`)),
  )
}

function shortList(names: readonly string[]): string {
  return names.slice(0, MAX_LISTED).join(', ') + (names.length > MAX_LISTED ? ', …' : '')
}
