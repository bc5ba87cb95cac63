import { ImageError, quoteForeign } from '@crossdock/core'
import { type AciDependency, formatAciImageId } from '@crossdock/formats'
import { cleanPath } from '../members/clean-path.ts'
import type { AciArchive } from './open-aci.ts'

/** Finds the image that is meant by a dependency; undefined if it is not there. */
export type FindDependency = (dependency: AciDependency) => AciArchive | undefined

/** An image and the paths of it that the whole takes, in the order of its archive. */
export interface RenderedImage {
  readonly archive: AciArchive
  readonly paths: readonly string[]
}

/** An image where it stands among its dependencies. */
interface Placed {
  readonly archive: AciArchive
  /** Its own list and those of the images that asked for it, as far as they have one. */
  readonly whitelists: readonly ReadonlySet<string>[]
}

/** More images than this make no image that anybody wrote. */
const MAX_IMAGES = 256

/**
 * What an image takes from itself and from those that it depends on, the uppermost first (appc spec, "Dependency Matching"). The dependency that
 * is named last lies highest; each path comes from the first image that has it, and has to be in the lists of that image and of all that asked for it;
 * nothing lies below what a higher image made a file or a link. An image may stand there several times, in a circle never.
 *
 * Throws `NOT_FOUND` for a dependency that is not there, `DIGEST_MISMATCH` if its ID is another one, `INVALID_DATA`, `LIMIT_EXCEEDED`.
 */
export function renderAci(image: AciArchive, find: FindDependency = () => undefined): readonly RenderedImage[] {
  const above: RootPaths = { taken: new Set(), folders: new Set(), others: new Set() }
  return flatten(image, find).map((placed) => ({ archive: placed.archive, paths: takePaths(placed, above) }))
}

function flatten(image: AciArchive, find: FindDependency): readonly Placed[] {
  const list: Placed[] = []

  function visit(archive: AciArchive, asked: readonly AciArchive[], inherited: Placed['whitelists']): void {
    if (asked.some(({ id }) => id === archive.id)) {
      const circle = [...asked, archive].map(({ manifest }) => manifest.name).join(' → ')
      throw new ImageError('INVALID_DATA', `the dependencies lead in a circle: ${quoteForeign(circle, 500)}`)
    }
    const { dependencies, pathWhitelist } = archive.manifest
    const whitelists = pathWhitelist.length === 0 ? inherited : [...inherited, listed(archive)]
    list.push({ archive, whitelists })
    if (list.length > MAX_IMAGES) {
      throw new ImageError('LIMIT_EXCEEDED', `${image.what} needs more than ${MAX_IMAGES} images`)
    }
    for (const dependency of dependencies.toReversed()) {
      visit(resolve(archive, dependency, find), [...asked, archive], whitelists)
    }
  }

  visit(image, [], [])
  return list
}

function resolve({ what }: AciArchive, dependency: AciDependency, find: FindDependency): AciArchive {
  const { imageName, imageId } = dependency
  const found = find(dependency)
  if (found === undefined) {
    throw new ImageError(
      'NOT_FOUND',
      `${what} depends on ${imageName}, which is not there; give its archive as well, with the option "dependencies" of aci:`,
    )
  }
  const id = formatAciImageId(found.id)
  const isIt = found.manifest.name === imageName && (imageId === undefined || id.startsWith(imageId))
  if (isIt) return found
  const wanted = imageId === undefined ? '' : ` with the ID ${quoteForeign(imageId, 150)}`
  throw new ImageError(
    'DIGEST_MISMATCH',
    `${what} depends on ${imageName}${wanted}, but what was found is ${found.manifest.name}, ${id}`,
  )
}

/** A list's entries as paths below the root; one that leads out names nothing. */
function listed({ manifest, what }: AciArchive): ReadonlySet<string> {
  const paths = new Set<string>()
  for (const path of manifest.pathWhitelist) {
    if (path !== '' && !path.split('/').includes('..')) paths.add(cleanPath(path, { what, absolute: 'strip' }))
  }
  return paths
}

interface RootPaths {
  readonly taken: Set<string>
  readonly folders: Set<string>
  /** What is no folder. */
  readonly others: Set<string>
}

function takePaths({ archive, whitelists }: Placed, above: RootPaths): readonly string[] {
  const own = archive.manifest.pathWhitelist.length > 0 ? whitelists.at(-1) : undefined
  const mine: RootPaths = { taken: new Set(), folders: new Set(), others: new Set() }
  for (const [path, entry] of archive.files) {
    const isFolder = entry.type === 'directory'
    // An image's own list is of files; those of the images above are of all that they take.
    const counts = isFolder ? whitelists.filter((list) => list !== own) : whitelists
    const isListed = path === '' || counts.every((list) => list.has(path))
    if (!isListed || above.taken.has(path) || isCovered(path, isFolder, above)) continue
    mine.taken.add(path)
    ;(isFolder ? mine.folders : mine.others).add(path)
    for (const folder of foldersOf(path)) mine.folders.add(folder)
  }
  for (const path of mine.taken) above.taken.add(path)
  for (const path of mine.folders) above.folders.add(path)
  for (const path of mine.others) above.others.add(path)
  return [...mine.taken]
}

/** Whether it lies below what a higher image made something else, or is itself in the way of a folder there. */
function isCovered(path: string, isFolder: boolean, { folders, others }: RootPaths): boolean {
  if (!isFolder && folders.has(path)) return true
  for (const folder of foldersOf(path)) if (others.has(folder)) return true
  return false
}

function* foldersOf(path: string): Generator<string> {
  for (let cut = path.indexOf('/'); cut >= 0; cut = path.indexOf('/', cut + 1)) yield path.slice(0, cut)
}
