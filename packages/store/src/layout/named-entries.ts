import { type Descriptor, ImageError } from '@crossdock/core'
import { checkDescriptor, isObject, type LayoutEntry, type LayoutIndex, member } from '@crossdock/formats'
import type { NewImageRecord } from '../image-names.ts'
import { checkImage } from '../names/check-image.ts'

/** The annotation that names an entry (image-spec, annotations.md). */
const REF_NAME = 'org.opencontainers.image.ref.name'

/** The annotation with the full name where {@link REF_NAME} is a tag only (containerd's export). */
const IMAGE_NAME = 'io.containerd.image.name'

/** What an entry is called: by its full name if there is one, else by what names it in the layout. */
export function entryName(entry: LayoutEntry): string | undefined {
  const annotations = member(entry.value, 'annotations')
  const full = isObject(annotations) ? member(annotations, IMAGE_NAME) : undefined
  if (typeof full !== 'string' || full === '') return entry.name
  if (entry.name === undefined || entry.name === full || full.endsWith(`:${entry.name}`)) return full
  return entry.name // it was copied and given another name by a program that knows of one annotation only
}

/** What a named entry of `index.json` says of an image; undefined for an entry that cannot be an image's. */
export function entryImage(entry: LayoutEntry): NewImageRecord | undefined {
  const name = entryName(entry)
  if (name === undefined) return undefined
  try {
    const { annotations, ...target } = checkDescriptor(entry.value, 'an entry')
    const others = withoutNames(annotations ?? {})
    return checkImage({ name, target: Object.keys(others).length === 0 ? target : { ...target, annotations: others } })
  } catch (reason) {
    if (reason instanceof ImageError) return undefined // somebody else's business
    throw reason
  }
}

/** Two entries stand for the same if their texts are equal. */
export function targetText({ target }: NewImageRecord): string {
  return JSON.stringify(target)
}

/**
 * The images that the entries name. Where several have one name, what differs from `known`, which is what was there before, counts, and
 * the last of those: programs append.
 */
export function imagesOf(
  index: LayoutIndex,
  known: ReadonlyMap<string, { readonly target: string }>,
): ReadonlyMap<string, NewImageRecord> {
  const images = new Map<string, NewImageRecord>()
  for (const entry of index.entries) {
    const image = entryImage(entry)
    if (image === undefined) continue
    if (!images.has(image.name) || targetText(image) !== known.get(image.name)?.target) images.set(image.name, image)
  }
  return images
}

const DESCRIPTOR_KEYS: ReadonlySet<string> = new Set([
  'mediaType',
  'digest',
  'size',
  'urls',
  'annotations',
  'data',
  'artifactType',
  'platform',
])

/** The entry for an image. What is unknown of an old entry for the same manifest stays. */
export function imageEntry({ name, target }: NewImageRecord, old: LayoutEntry | undefined): LayoutEntry {
  const unknown = old?.digest === target.digest ? Object.entries(old.value) : []
  const annotations = { ...withoutNames(target.annotations ?? {}), [REF_NAME]: name, [IMAGE_NAME]: name }
  const described: Descriptor = { ...target, annotations }
  const value = { ...described, ...Object.fromEntries(unknown.filter(([key]) => !DESCRIPTOR_KEYS.has(key))) }
  return { name, digest: target.digest, value, position: undefined }
}

function withoutNames(annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== REF_NAME && key !== IMAGE_NAME))
}
