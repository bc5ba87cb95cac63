import { ImageError, quoteForeign } from '@crossdock/core'
import { MAX_ACI_MANIFEST_BYTES, parseAciManifest, type AciManifest } from '@crossdock/formats'
import type { ArchiveFile } from '../image-archive/open-archive.ts'
import { readMember } from '../image-archive/open-archive.ts'
import { cleanPath } from '../members/clean-path.ts'
import type { TarEntry } from '../tar/entry.ts'
import { toBlocks } from '../tar/fields.ts'

const MANIFEST = 'manifest'
const ROOT = 'rootfs'
const BLOCK_BYTES = 512

/** What an App Container archive holds (appc spec, "Image Layout"). */
export interface AciLayout {
  readonly manifest: AciManifest
  /** The members below `rootfs` by their path there, the root as "", in the order of the archive. */
  readonly files: ReadonlyMap<string, TarEntry>
}

/**
 * Checks all of an archive before anything of it is used: `manifest` and `rootfs` once and nothing beside them, no path twice, nothing below a
 * link or a file, hard links to earlier files inside, and an end. Throws `INVALID_DATA`, `LIMIT_EXCEEDED`.
 */
export async function readAciLayout(archive: ArchiveFile, signal?: AbortSignal): Promise<AciLayout> {
  const { what, index } = archive
  const [twice] = index.duplicates
  if (twice !== undefined) throw refused(what, `has two members ${quoted(twice)}: programs differ in which they take`)
  checkTop(archive)
  checkEnd(archive)
  const files = new Map<string, TarEntry>()
  for (const [path, entry] of index.byPath) {
    if (path !== ROOT && !path.startsWith(`${ROOT}/`)) continue
    checkPlace(archive, path)
    if (entry.type === 'hardlink') checkLink(archive, entry)
    files.set(path.slice(ROOT.length + 1), entry)
  }
  const bytes = await readMember(archive, MANIFEST, { limitBytes: MAX_ACI_MANIFEST_BYTES, signal })
  return { manifest: parseAciManifest(bytes, `${what}: the manifest`), files }
}

function checkTop({ what, index }: ArchiveFile): void {
  const isNone = `is no App Container Image`
  const manifest = index.byPath.get(MANIFEST)
  if (manifest === undefined) throw refused(what, `${isNone}: it has no member "${MANIFEST}"`)
  if (manifest.type !== 'file') throw refused(what, `${isNone}: its "${MANIFEST}" is a ${manifest.type}`)
  const root = index.byPath.get(ROOT)
  if (root === undefined) throw refused(what, `${isNone}: it has no folder "${ROOT}"`)
  if (root.type !== 'directory') throw refused(what, `${isNone}: its "${ROOT}" is a ${root.type} and no folder`)
  for (const path of index.byPath.keys()) {
    const isKnown = path === '' || path === MANIFEST || path === ROOT || path.startsWith(`${ROOT}/`)
    if (!isKnown) throw refused(what, `has ${quoted(path)} beside "${MANIFEST}" and "${ROOT}", where nothing may be`)
  }
}

/** An archive that was cut between two members looks like a shorter one but for its end. */
function checkEnd({ what, index, access }: ArchiveFile): void {
  const last = index.entries.at(-1)
  const end = last === undefined ? 0 : last.offset + toBlocks(last.storedSize)
  if (end + BLOCK_BYTES > access.size) throw refused(what, 'is cut off: the blocks that end an archive are missing')
}

function checkPlace({ what, index }: ArchiveFile, path: string): void {
  for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
    const above = path.slice(0, cut)
    const entry = index.byPath.get(above)
    if (entry === undefined || entry.type === 'directory') continue
    throw refused(what, `has ${quoted(path)} below ${quoted(above)}, which is a ${entry.type}`)
  }
}

function checkLink({ what, index }: ArchiveFile, entry: TarEntry): void {
  const path = hardLinkTarget(entry, what)
  const target = path === undefined ? undefined : index.byPath.get(`${ROOT}/${path}`)
  const isUsable = target !== undefined && target.type !== 'directory' && target.headerOffset < entry.headerOffset
  if (isUsable) return
  throw refused(what, `has a hard link ${quoted(entry.path)} to ${quoted(entry.linkName)}, which is no earlier file`)
}

/** The path below `rootfs` that a hard link stands for; undefined if it leads out of there. */
export function hardLinkTarget({ linkName }: TarEntry, what: string): string | undefined {
  const path = cleanPath(linkName, { what })
  return path.startsWith(`${ROOT}/`) ? path.slice(ROOT.length + 1) : undefined
}

function refused(what: string, problem: string): ImageError {
  return new ImageError('INVALID_DATA', `${what} ${problem}`)
}

function quoted(path: string): string {
  return `"${quoteForeign(path, 200)}"`
}
