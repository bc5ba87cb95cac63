import { pathError, quotePath } from '@crossdock/blob-files'
import { ImageError, quoteForeign, type Descriptor } from '@crossdock/core'
import {
  checkDescriptor,
  isIndexType,
  isManifestType,
  isObject,
  MANIFEST_MEDIA_TYPES,
  member,
  OCI_INDEX,
  parseJsonDocument,
  parseJsonToRewrite,
  refuseLookalikeKeys,
} from '@crossdock/formats'
import type { Selection } from '../reference.ts'

/** The annotation that names an entry (image-spec, annotations.md). */
const REF_NAME = 'org.opencontainers.image.ref.name'

/** More entries than a layout has in practice, and few enough to be looked through at every call. */
const MAX_ENTRIES = 100_000

/** One entry of `index.json`. It is checked when it is used: what is wrong with others is no reason to fail. */
export interface IndexEntry {
  readonly name: string | undefined
  /** As written; undefined if it is no text. */
  readonly digest: string | undefined
  readonly value: object
  /** Where it stood when it was read; undefined for a new one. */
  readonly position: number | undefined
}

/** `index.json` with all that it says, unknown fields included. */
export interface LayoutIndex {
  readonly path: string
  readonly document: object
  readonly entries: readonly IndexEntry[]
}

export interface ParseIndexOptions {
  readonly path: string
  readonly maxBytes: number
  /** Whether it will be written again, so that every number has to keep its digits. */
  readonly rewrite?: boolean | undefined
}

/** Throws `INVALID_DATA` naming the file, and `LIMIT_EXCEEDED`. */
export function parseIndex(bytes: Uint8Array, { path, maxBytes, rewrite }: ParseIndexOptions): LayoutIndex {
  const parse = rewrite === true ? parseJsonToRewrite : parseJsonDocument
  const document = parse(bytes, { what: quotePath(path), maxBytes })
  if (!isObject(document)) throw pathError('INVALID_DATA', path, 'must hold a JSON object')
  refuseLookalikeKeys({ object: document, where: quotePath(path) })
  if (member(document, 'schemaVersion') !== 2) throw pathError('INVALID_DATA', path, 'must have "schemaVersion" 2')
  const type = member(document, 'mediaType') ?? OCI_INDEX
  if (type !== OCI_INDEX) {
    throw pathError('INVALID_DATA', path, `has a "mediaType" that is not ${OCI_INDEX}`)
  }
  const list = member(document, 'manifests')
  if (!Array.isArray(list)) throw pathError('INVALID_DATA', path, 'must have an array "manifests"')
  if (list.length > MAX_ENTRIES) {
    throw pathError('LIMIT_EXCEEDED', path, `lists ${list.length} images; at most ${MAX_ENTRIES} are read`)
  }
  const entries = list.map((value: unknown, position) => {
    if (isObject(value)) return readEntry(value, position)
    throw pathError('INVALID_DATA', path, `has a manifests[${position}] that is not an object`)
  })
  return { path, document, entries }
}

export function emptyIndex(path: string): LayoutIndex {
  return { path, document: { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }, entries: [] }
}

export function serializeIndex(index: LayoutIndex): Uint8Array {
  const text = JSON.stringify({ ...index.document, manifests: index.entries.map((entry) => entry.value) })
  return new TextEncoder().encode(text)
}

export function withEntries(index: LayoutIndex, entries: readonly IndexEntry[]): LayoutIndex {
  return { ...index, entries }
}

function readEntry(value: object, position?: number): IndexEntry {
  const annotations = member(value, 'annotations')
  const name = isObject(annotations) ? member(annotations, REF_NAME) : undefined
  const digest = member(value, 'digest')
  return {
    name: typeof name === 'string' && name !== '' ? name : undefined,
    digest: typeof digest === 'string' ? digest : undefined,
    value,
    position,
  }
}

/** The entry for a manifest under a name, or without one. */
export function createEntry(manifest: Descriptor, name: string | undefined): IndexEntry {
  const { mediaType, digest, size, artifactType } = manifest
  const annotations = name === undefined ? undefined : { [REF_NAME]: name }
  return readEntry({
    mediaType,
    digest,
    size,
    ...(annotations !== undefined && { annotations }),
    ...(artifactType !== undefined && { artifactType }),
  })
}

/**
 * The index in which `entry` stands where its name stood before, or its digest if it has no name; else at the end. The same
 * index if such an entry is there already, whatever else others noted in it.
 */
export function putEntry(index: LayoutIndex, entry: IndexEntry): LayoutIndex {
  const replaces = (old: IndexEntry): boolean =>
    old.name === entry.name && (entry.name !== undefined || old.digest === entry.digest)
  const [first, ...more] = index.entries.filter(replaces)
  if (first === undefined) return withEntries(index, [...index.entries, entry])
  if (
    more.length === 0 &&
    ['digest', 'mediaType', 'size'].every((key) => member(first.value, key) === member(entry.value, key))
  )
    return index
  const kept = index.entries.filter((old) => old === first || !replaces(old))
  return withEntries(
    index,
    kept.map((old) => (old === first ? entry : old)),
  )
}

/** The descriptor that a checked entry holds. Throws `INVALID_DATA`; `UNSUPPORTED` for what is no manifest. */
export function descriptorOf(index: LayoutIndex, entry: IndexEntry): Descriptor {
  const where = `${quotePath(index.path)} ${entry.position === undefined ? 'a new entry' : `manifests[${entry.position}]`}`
  const descriptor = checkDescriptor(entry.value, where)
  if (isManifestType(descriptor.mediaType) || isIndexType(descriptor.mediaType)) return descriptor
  throw new ImageError(
    'UNSUPPORTED',
    `${where} is a "${quoteForeign(descriptor.mediaType, 100)}"; images are ${MANIFEST_MEDIA_TYPES.join(', ')}`,
  )
}

/** The entry's descriptor; undefined if it is none or no manifest's: other entries are other people's business. */
export function usableDescriptor(index: LayoutIndex, entry: IndexEntry): Descriptor | undefined {
  try {
    return descriptorOf(index, entry)
  } catch (reason) {
    if (reason instanceof ImageError) return undefined
    throw reason
  }
}

/**
 * The entry that a selection without a digest means. Throws `NOT_FOUND`, and `CONFLICT` where several could be meant: more
 * than one image without a name given, or one name on different images.
 */
export function selectEntry(index: LayoutIndex, selection: Selection): IndexEntry {
  if (selection.index !== undefined) return entryAt(index, selection.index)
  if (selection.name !== undefined) return entryNamed(index, selection.name)
  // Lists of referrers are beside the images, not among them.
  const images = index.entries.filter((entry) => !isReferrersEntry(entry))
  const [only] = images.length === 0 ? index.entries : images
  if (only === undefined) throw pathError('NOT_FOUND', index.path, 'lists no image')
  if (images.length <= 1 && (images.length === 1 || index.entries.length === 1)) return only
  throw pathError('CONFLICT', index.path, `lists ${index.entries.length} images; choose one: ${listNames(index)}`)
}

function entryAt(index: LayoutIndex, position: number): IndexEntry {
  const entry = index.entries[position]
  if (entry !== undefined) return entry
  const last = index.entries.length - 1
  throw pathError(
    'NOT_FOUND',
    index.path,
    last < 0 ? 'lists no image' : `has no @${position}; the places are @0 to @${last}`,
  )
}

function entryNamed(index: LayoutIndex, name: string): IndexEntry {
  const named = index.entries.filter((entry) => entry.name === name)
  const [first] = named
  if (first === undefined) {
    throw pathError('NOT_FOUND', index.path, `lists no image named "${name}"; it lists: ${listNames(index)}`)
  }
  if (named.every((entry) => entry.digest === first.digest)) return first
  const places = named
    .slice(0, MAX_LISTED)
    .map(({ position, digest }) => `@${position} (${quoteForeign(digest ?? 'no digest', 80)})`)
  throw pathError(
    'CONFLICT',
    index.path,
    `gives the name "${name}" to ${named.length} different images; choose by place: ${shortList(places, named)}`,
  )
}

const REFERRERS_TAG = /^(?:sha256|sha512)-[0-9a-f]{32,64}$/

/** An entry that lists the referrers of a manifest, by its name (distribution-spec, "Referrers Tag Schema"). */
function isReferrersEntry(entry: IndexEntry): boolean {
  return entry.name !== undefined && REFERRERS_TAG.test(entry.name)
}

const MAX_LISTED = 20

function listNames(index: LayoutIndex): string {
  if (index.entries.length === 0) return 'nothing'
  const names = index.entries.slice(0, MAX_LISTED).map((entry, position) => {
    return entry.name === undefined ? `@${position}` : `"${quoteForeign(entry.name, 80)}"`
  })
  return shortList(names, index.entries)
}

function shortList(shown: readonly string[], all: readonly unknown[]): string {
  return shown.join(', ') + (all.length > shown.length ? ', …' : '')
}
