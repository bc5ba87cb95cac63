import { cleanPath } from '../members/clean-path.ts'
import type { AciArchive } from './open-aci.ts'
import { type AciTree, MAX_IMAGES, tooMany } from './tree.ts'

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

/**
 * What an image takes from itself and from those that it depends on, the uppermost first (appc spec, "Dependency Matching"). The dependency that
 * is named last lies highest; each path comes from the first image that has it, and has to be in the lists of that image and of all that asked for it;
 * nothing lies below what a higher image made a file or a link. An image may stand there several times. Throws `LIMIT_EXCEEDED`.
 */
export function renderAci(tree: AciTree): readonly RenderedImage[] {
  const above: RootPaths = { taken: new Set(), folders: new Set(), others: new Set() }
  return flatten(tree).map((placed) => ({ archive: placed.archive, paths: takePaths(placed, above) }))
}

function flatten(top: AciTree): readonly Placed[] {
  const list: Placed[] = []

  function visit({ archive, dependencies }: AciTree, inherited: Placed['whitelists']): void {
    const whitelists = archive.manifest.pathWhitelist.length === 0 ? inherited : [...inherited, listed(archive)]
    list.push({ archive, whitelists })
    if (list.length > MAX_IMAGES) throw tooMany(top.archive)
    for (const dependency of dependencies.toReversed()) visit(dependency, whitelists)
  }

  visit(top, [])
  return list
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
