import { type Descriptor, ImageError, type ImageErrorCode, quoteForeign } from '@crossdock/core'
import { checkDescriptor } from '../descriptor.ts'
import { isObject, member, parseJsonDocument, parseJsonToRewrite } from '../json.ts'
import { isAttachmentTag } from '../signatures/attachment-tag.ts'
import { refuseLookalikeKeys } from '../manifest-type.ts'
import { isIndexType, isManifestType, MANIFEST_MEDIA_TYPES, OCI_INDEX } from '../media-types.ts'
import type { LayoutSelection } from './layout-location.ts'

/** The annotation that names an entry (image-spec, annotations.md). */
const REF_NAME = 'org.opencontainers.image.ref.name'

/** More entries than a layout has in practice, and few enough to be looked through at every call. */
const MAX_ENTRIES = 100_000

/** One entry of `index.json`. It is checked when it is used: what is wrong with others is no reason to fail. */
export interface LayoutEntry {
  readonly name: string | undefined
  /** As written; undefined if it is no text. */
  readonly digest: string | undefined
  readonly value: object
  /** Where it stood when it was read; undefined for a new one. */
  readonly position: number | undefined
}

/** `index.json` of a layout (image-spec, image-layout.md) with all that it says, unknown fields included. */
export interface LayoutIndex {
  /** What it is, for messages: its path, quoted. */
  readonly what: string
  readonly document: object
  readonly entries: readonly LayoutEntry[]
}

export interface ParseLayoutIndexOptions {
  /** What it is, for messages: its path, quoted. */
  readonly what: string
  readonly maxBytes: number
  /** Whether it will be written again, so that every number has to keep its digits. */
  readonly rewrite?: boolean | undefined
}

/** Throws `INVALID_DATA` naming the file, and `LIMIT_EXCEEDED`. */
export function parseLayoutIndex(bytes: Uint8Array, options: ParseLayoutIndexOptions): LayoutIndex {
  const { what, maxBytes, rewrite } = options
  const parse = rewrite === true ? parseJsonToRewrite : parseJsonDocument
  const document = parse(bytes, { what, maxBytes })
  if (!isObject(document)) throw problem('INVALID_DATA', what, 'must hold a JSON object')
  refuseLookalikeKeys({ object: document, where: what })
  if (member(document, 'schemaVersion') !== 2) throw problem('INVALID_DATA', what, 'must have "schemaVersion" 2')
  const type = member(document, 'mediaType') ?? OCI_INDEX
  if (type !== OCI_INDEX) {
    throw problem('INVALID_DATA', what, `has a "mediaType" that is not ${OCI_INDEX}`)
  }
  // Go writes null for an empty list.
  const list = member(document, 'manifests') ?? (Object.hasOwn(document, 'manifests') ? [] : undefined)
  if (!Array.isArray(list)) throw problem('INVALID_DATA', what, 'must have an array "manifests"')
  if (list.length > MAX_ENTRIES) {
    throw problem('LIMIT_EXCEEDED', what, `lists ${list.length} images; at most ${MAX_ENTRIES} are read`)
  }
  const entries = list.map((value: unknown, position) => {
    if (isObject(value)) return readEntry(value, position)
    throw problem('INVALID_DATA', what, `has a manifests[${position}] that is not an object`)
  })
  return { what, document, entries }
}

export function emptyLayoutIndex(what: string): LayoutIndex {
  return { what, document: { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }, entries: [] }
}

export function serializeLayoutIndex(index: LayoutIndex): Uint8Array {
  const text = JSON.stringify({ ...index.document, manifests: index.entries.map((entry) => entry.value) })
  return new TextEncoder().encode(text)
}

export function withLayoutEntries(index: LayoutIndex, entries: readonly LayoutEntry[]): LayoutIndex {
  return { ...index, entries }
}

function readEntry(value: object, position?: number): LayoutEntry {
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
export function layoutEntry(manifest: Descriptor, name: string | undefined): LayoutEntry {
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
export function putLayoutEntry(index: LayoutIndex, entry: LayoutEntry): LayoutIndex {
  const replaces = (old: LayoutEntry): boolean =>
    old.name === entry.name && (entry.name !== undefined || old.digest === entry.digest)
  const [first, ...more] = index.entries.filter(replaces)
  if (first === undefined) return withLayoutEntries(index, [...index.entries, entry])
  if (
    more.length === 0 &&
    ['digest', 'mediaType', 'size'].every((key) => member(first.value, key) === member(entry.value, key))
  )
    return index
  const kept = index.entries.filter((old) => old === first || !replaces(old))
  return withLayoutEntries(
    index,
    kept.map((old) => (old === first ? entry : old)),
  )
}

/** The descriptor that a checked entry holds. Throws `INVALID_DATA`; `UNSUPPORTED` for what is no manifest. */
export function entryDescriptor(index: LayoutIndex, entry: LayoutEntry): Descriptor {
  const where = `${index.what} ${entry.position === undefined ? 'a new entry' : `manifests[${entry.position}]`}`
  const descriptor = checkDescriptor(entry.value, where)
  if (isManifestType(descriptor.mediaType) || isIndexType(descriptor.mediaType)) return descriptor
  throw new ImageError(
    'UNSUPPORTED',
    `${where} is a "${quoteForeign(descriptor.mediaType, 100)}"; images are ${MANIFEST_MEDIA_TYPES.join(', ')}`,
  )
}

/** What is under a name, if it is a manifest. */
export function descriptorNamed(index: LayoutIndex, name: string): Descriptor | undefined {
  const entry = index.entries.find((candidate) => candidate.name === name)
  return entry === undefined ? undefined : usableDescriptor(index, entry)
}

/** The entry's descriptor; undefined if it is none or no manifest's: other entries are other people's business. */
function usableDescriptor(index: LayoutIndex, entry: LayoutEntry): Descriptor | undefined {
  try {
    return entryDescriptor(index, entry)
  } catch (reason) {
    if (reason instanceof ImageError) return undefined
    throw reason
  }
}

/** The manifests that are listed. */
export function usableDescriptors(index: LayoutIndex): readonly Descriptor[] {
  return index.entries.map((entry) => usableDescriptor(index, entry)).filter((descriptor) => descriptor !== undefined)
}

/**
 * The entry that a selection without a digest means. Throws `NOT_FOUND`, and `CONFLICT` where several could be meant: more
 * than one image without a name given, or one name on different images.
 */
export function selectLayoutEntry(index: LayoutIndex, selection: LayoutSelection): LayoutEntry {
  if (selection.index !== undefined) return entryAt(index, selection.index)
  if (selection.name !== undefined) return entryNamed(index, selection.name)
  // What refers to images is beside them, not among them.
  const images = index.entries.filter((entry) => !isBesideImages(entry))
  const [only, ...others] = images.length === 0 ? index.entries : images
  if (only === undefined) throw problem('NOT_FOUND', index.what, 'lists no image')
  // One image under several names is one image.
  if (others.every(({ digest }) => digest === only.digest)) return only
  throw problem('CONFLICT', index.what, `lists ${index.entries.length} images; choose one: ${listNames(index)}`)
}

function entryAt(index: LayoutIndex, position: number): LayoutEntry {
  const entry = index.entries[position]
  if (entry !== undefined) return entry
  const last = index.entries.length - 1
  throw problem(
    'NOT_FOUND',
    index.what,
    last < 0 ? 'lists no image' : `has no @${position}; the places are @0 to @${last}`,
  )
}

function entryNamed(index: LayoutIndex, name: string): LayoutEntry {
  const named = index.entries.filter((entry) => entry.name === name)
  const [first] = named
  if (first === undefined) {
    throw problem('NOT_FOUND', index.what, `lists no image named "${name}"; it lists: ${listNames(index)}`)
  }
  if (named.every((entry) => entry.digest === first.digest)) return first
  const places = named
    .slice(0, MAX_LISTED)
    .map(({ position, digest }) => `@${position} (${quoteForeign(digest ?? 'no digest', 80)})`)
  throw problem(
    'CONFLICT',
    index.what,
    `gives the name "${name}" to ${named.length} different images; choose by place: ${shortList(places, named)}`,
  )
}

const REFERRERS_TAG = /^(?:sha256|sha512)-[0-9a-f]{32,64}$/

/**
 * By its name: an entry that lists the referrers of a manifest (distribution-spec, "Referrers Tag Schema"), or that cosign's tag ties to one.
 */
function isBesideImages({ name }: LayoutEntry): boolean {
  return name !== undefined && (REFERRERS_TAG.test(name) || isAttachmentTag(name))
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

function problem(code: ImageErrorCode, what: string, text: string): ImageError {
  return new ImageError(code, `${what} ${text}`)
}
