import { ImageError, type OperationOptions, quoteForeign } from '@crossdock/core'
import { type AciDependency, formatAciImageId, valueOf } from '@crossdock/formats'
import type { AciArchive } from './open-aci.ts'

/**
 * Finds the archive that is meant by a dependency, which has to stay open as long as the image that is made with it; undefined if there is none. It is asked
 * once for each.
 */
export type FindDependency = (
  dependency: AciDependency,
  options?: OperationOptions,
) => AciArchive | undefined | Promise<AciArchive | undefined>

/** An image with those that it depends on, in the order of its manifest. */
export interface AciTree {
  readonly archive: AciArchive
  readonly dependencies: readonly AciTree[]
}

export interface LoadTreeOptions extends OperationOptions {
  /** Default: there are none. */
  readonly find?: FindDependency | undefined
}

/** More images than this make no image that anybody wrote. */
export const MAX_IMAGES = 256

/**
 * Finds all images that one depends on, directly or not, each once (appc spec, "Dependency Matching"). Throws `NOT_FOUND` for one that is not there,
 * `DIGEST_MISMATCH` for one with another name, ID, size or other labels, `INVALID_DATA` for a circle, `LIMIT_EXCEEDED` for more than 256 images.
 */
export async function loadAciTree(image: AciArchive, options: LoadTreeOptions = {}): Promise<AciTree> {
  const { find = () => undefined, signal, onProgress } = options
  const found = new Map<string, AciArchive>()
  const trees = new Map<string, AciTree>()

  async function look(asking: AciArchive, dependency: AciDependency): Promise<AciArchive> {
    const key = keyOf(dependency)
    const archive =
      found.get(key) ?? (await findFor(asking, dependency, () => find(dependency, { signal, onProgress })))
    signal?.throwIfAborted()
    if (archive === undefined) throw missing(asking, dependency)
    if (!found.has(key)) checkIsMeant(asking, dependency, archive)
    found.set(key, archive)
    if (found.size >= MAX_IMAGES) throw tooMany(image)
    return archive
  }

  async function load(archive: AciArchive, asked: readonly AciArchive[]): Promise<AciTree> {
    if (asked.some(({ id }) => id === archive.id)) throw circle([...asked, archive])
    const known = trees.get(archive.id)
    if (known !== undefined) return known
    const dependencies: AciTree[] = []
    for (const dependency of archive.manifest.dependencies) {
      dependencies.push(await load(await look(archive, dependency), [...asked, archive]))
    }
    const tree = { archive, dependencies }
    trees.set(archive.id, tree)
    return tree
  }

  return await load(image, [])
}

/** What is asked for by an image that is one itself because of another is told with the one that asks. */
async function findFor(
  { what }: AciArchive,
  { imageName }: AciDependency,
  find: () => ReturnType<FindDependency>,
): Promise<AciArchive | undefined> {
  try {
    return await find()
  } catch (reason) {
    if (!(reason instanceof ImageError)) throw reason
    const { code, message, side, image, retryable, missing: lacking, cause = reason } = reason
    const options = { side, image, retryable, missing: lacking, cause }
    throw new ImageError(code, `${what} depends on ${imageName}: ${message}`, options)
  }
}

export function tooMany({ what }: AciArchive): ImageError {
  return new ImageError('LIMIT_EXCEEDED', `${what} needs more than ${MAX_IMAGES} images`)
}

/** What makes two dependencies ask for the same image. */
function keyOf({ imageName, imageId, labels, size }: AciDependency): string {
  const named = labels.map(({ name, value }) => `${name}=${value}`).toSorted()
  return JSON.stringify([imageName, imageId, size, named])
}

function checkIsMeant(asking: AciArchive, dependency: AciDependency, found: AciArchive): void {
  const wrong = difference(dependency, found)
  if (wrong === undefined) return
  const message = `${asking.what} depends on ${dependency.imageName}${wrong.wanted}, but what was found is ${wrong.held}`
  throw new ImageError('DIGEST_MISMATCH', message)
}

interface Difference {
  readonly wanted: string
  readonly held: string
}

/** A size may be that of the archive as it is published, or unpacked: the specification does not say which. */
function difference(
  { imageName, imageId, labels, size }: AciDependency,
  { manifest, id, publishedSize, access }: AciArchive,
): Difference | undefined {
  const held = formatAciImageId(id)
  if (manifest.name !== imageName || (imageId !== undefined && !held.startsWith(imageId))) {
    const wanted = imageId === undefined ? '' : ` with the ID ${quoteForeign(imageId, 150)}`
    return { wanted, held: `${manifest.name}, ${held}` }
  }
  const label = labels.find(({ name, value }) => valueOf(manifest.labels, name) !== value)
  if (label !== undefined) {
    const value = valueOf(manifest.labels, label.name)
    const said = value === undefined ? 'none' : quoteForeign(value, 100)
    return { wanted: ` with the label ${label.name} ${quoteForeign(label.value, 100)}`, held: `one with ${said}` }
  }
  if (size === undefined || size === publishedSize || size === access.size) return undefined
  return { wanted: ` of ${size} bytes`, held: `one of ${publishedSize}, unpacked ${access.size}` }
}

function missing({ what }: AciArchive, { imageName }: AciDependency): ImageError {
  return new ImageError('NOT_FOUND', `${what} depends on ${imageName}, which is not there; give its archive as well`)
}

function circle(asked: readonly AciArchive[]): ImageError {
  const names = asked.map(({ manifest }) => manifest.name).join(' → ')
  return new ImageError('INVALID_DATA', `the dependencies lead in a circle: ${quoteForeign(names, 500)}`)
}
