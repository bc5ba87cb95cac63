import {
  type DockerReference,
  formatDockerReference,
  ImageError,
  parseDockerReference,
  quoteForeign,
} from '@crossdock/core'
import { isObject, member, parseJsonDocument, typeName } from '@crossdock/formats'

/** The member that says what is in the archive. */
export const MANIFEST_FILE = 'manifest.json'

export const MAX_MANIFEST_FILE_BYTES: number = 1024 * 1024

/** One image, as `manifest.json` has it. */
export interface ListedImage {
  /** The member that is its configuration. */
  readonly config: string
  /** The members that are its layers, from the base up. */
  readonly layers: readonly string[]
  /** Its names as written; not checked. */
  readonly repoTags: readonly string[]
  /**
   * Whether it says of what kind and size each layer is (`LayerSources`). Docker does from 25 on where layers are kept plain, and has then made
   * the layout that is beside it; others do not.
   */
  readonly hasLayerSources: boolean
}

/** Which image of an archive is meant: by name, by place, or the only one. */
export interface DockerArchiveSelection {
  /** Fully explicit, with a tag and without a digest. */
  readonly name?: DockerReference | undefined
  /** The place in `manifest.json`, from 0; for reading only. */
  readonly index?: number | undefined
}

/** Reads `manifest.json`. Throws `INVALID_DATA` naming the field, `LIMIT_EXCEEDED`. */
export function parseManifestFile(bytes: Uint8Array, archive: string): readonly ListedImage[] {
  const what = `${archive}: ${MANIFEST_FILE}`
  const document = parseJsonDocument(bytes, { what, maxBytes: MAX_MANIFEST_FILE_BYTES })
  if (!Array.isArray(document)) {
    throw new ImageError('INVALID_DATA', `${what} must be a list of images, but is ${typeName(document)}`)
  }
  return document.map((value: unknown, place) => readImage(value, `${what} [${place}]`))
}

function readImage(value: unknown, where: string): ListedImage {
  if (!isObject(value)) throw new ImageError('INVALID_DATA', `${where} must be an object, but is ${typeName(value)}`)
  const config = member(value, 'Config')
  if (typeof config !== 'string' || config === '') {
    throw new ImageError('INVALID_DATA', `${where}.Config must be the path of a member, but is ${typeName(config)}`)
  }
  return {
    config,
    layers: texts(value, 'Layers', where),
    repoTags: texts(value, 'RepoTags', where),
    hasLayerSources: isObject(member(value, 'LayerSources')),
  }
}

/** Go writes null for an empty list. */
function texts(image: object, key: string, where: string): readonly string[] {
  const list = member(image, key) ?? []
  if (!Array.isArray(list)) {
    throw new ImageError('INVALID_DATA', `${where}.${key} must be a list, but is ${typeName(list)}`)
  }
  return list.map((value: unknown, place) => {
    if (typeof value === 'string') return value
    throw new ImageError('INVALID_DATA', `${where}.${key}[${place}] must be text, but is ${typeName(value)}`)
  })
}

/** The image that is meant. Throws `NOT_FOUND`, and `CONFLICT` if several could be. */
export function selectImage(
  images: readonly ListedImage[],
  { name, index }: DockerArchiveSelection,
  archive: string,
): ListedImage {
  const [only] = images
  if (only === undefined) throw new ImageError('NOT_FOUND', `${archive} holds no image`)
  if (index !== undefined) return imageAt(images, index, archive)
  if (name !== undefined) return imageNamed(images, name, archive)
  if (images.length === 1) return only
  throw new ImageError('CONFLICT', `${archive} holds ${images.length} images; choose one: ${listNames(images)}`)
}

function imageAt(images: readonly ListedImage[], index: number, archive: string): ListedImage {
  const image = images[index]
  if (image !== undefined) return image
  throw new ImageError(
    'NOT_FOUND',
    `${archive} has no image @${index}; the places are @0 to @${images.length - 1}: ${listNames(images)}`,
  )
}

function imageNamed(images: readonly ListedImage[], name: DockerReference, archive: string): ListedImage {
  const wanted = formatDockerReference(name)
  const found = images.filter(({ repoTags }) => repoTags.some((tag) => explicitName(tag) === wanted))
  const [first] = found
  if (first === undefined) {
    throw new ImageError('NOT_FOUND', `${archive} holds no image named ${wanted}; it holds ${listNames(images)}`)
  }
  if (found.every(({ config }) => config === first.config)) return first
  const places = found.map((image) => `@${images.indexOf(image)}`)
  throw new ImageError(
    'CONFLICT',
    `${archive} gives the name ${wanted} to ${found.length} images; choose by place: ${shortList(places)}`,
  )
}

/** `latest` if there is no tag, as Docker has it. */
export function withTag({ domain, path, tag = 'latest' }: DockerReference): DockerReference {
  return Object.freeze({ domain, path, tag })
}

/** The name spelt out; undefined for what is no name and tag: it is data of whoever wrote the archive. */
function explicitName(tag: string): string | undefined {
  try {
    const name = parseDockerReference(tag)
    return name.digest === undefined ? formatDockerReference(withTag(name)) : undefined
  } catch (reason) {
    if (reason instanceof ImageError) return undefined
    throw reason
  }
}

/** Every name in the archive that can be used to name an image of it, once, as written. */
export function usableNames(images: readonly ListedImage[]): readonly string[] {
  const names = images.flatMap(({ repoTags }) => repoTags).filter((tag) => explicitName(tag) !== undefined)
  return [...new Set(names)]
}

const MAX_LISTED = 20

function listNames(images: readonly ListedImage[]): string {
  const names = images.map(({ repoTags: [tag] }, place) =>
    tag === undefined ? `@${place}` : `"${quoteForeign(tag, 80)}" (@${place})`,
  )
  return shortList(names)
}

function shortList(names: readonly string[]): string {
  return names.slice(0, MAX_LISTED).join(', ') + (names.length > MAX_LISTED ? ', …' : '')
}
