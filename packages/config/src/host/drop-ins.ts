import { readdir } from 'node:fs/promises'
import { ImageError, quoteForeign } from '@crossdock/core'
import type { HostEnvironment } from './host-environment.ts'
import { configurationUid, containersFolders, pathsOf, userConfigFolder } from './host-paths.ts'

/** Which drop-ins to look for. */
export interface DropInNames {
  /** Name of the folders before `.d`, and before `.rootful` and `.rootless` in it: `registries.conf`, `registries`. */
  readonly name: string
  /** Of the files in them, with its dot: `.conf`. */
  readonly extension: string
}

/** The drop-ins of some folders. */
export interface DropIns {
  readonly folders: readonly { readonly path: string; readonly exists: boolean }[]
  /** Those to read in their order, then those that are hidden. */
  readonly files: readonly DropIn[]
}

/** What became of a drop-in. */
export interface DropIn {
  readonly path: string
  /** The file of the same name, in a folder that decides before, because of which this one is not read. */
  readonly hiddenBy?: string | undefined
}

/** More in one folder is no configuration. */
const MAX_DROP_INS = 1000

/**
 * The folders for drop-ins, the one that decides last first: the distribution's, the administrator's, the user's.
 * containers-config(5), "Search Locations".
 */
export function dropInFolders(host: HostEnvironment, names: DropInNames): readonly string[] {
  const hasUser = userConfigFolder(host) !== undefined
  return containersFolders(host)
    .map((folder, index) => {
      const main = pathsOf(host).join(folder, names.name)
      return hasUser && index === 0 ? [`${main}.d`] : [`${main}.d`, ...foldersByUser(host, main, names.extension)]
    })
    .toReversed()
    .flat()
}

/** `registries.rootful.conf.d`, or `registries.rootless.conf.d` and the user's own folder in it. */
function foldersByUser(host: HostEnvironment, main: string, extension: string): readonly string[] {
  const uid = configurationUid(host)
  if (uid === undefined) return []
  const stem = main.endsWith(extension) ? main.slice(0, -extension.length) : main
  const special = `${stem}.${uid === 0 ? 'rootful' : 'rootless'}${main.slice(stem.length)}.d`
  return uid === 0 ? [special] : [special, pathsOf(host).join(special, String(uid))]
}

/**
 * Drop-ins in the order in which they are read: by file name over all folders. Of two with the same name that of the later folder hides
 * the other. Folders that do not exist have none. Throws `IO`, and `LIMIT_EXCEEDED` for a folder with too many.
 */
export async function listDropIns(
  host: HostEnvironment,
  { folders, extension }: { readonly folders: readonly string[]; readonly extension: string },
): Promise<DropIns> {
  const looked: { path: string; exists: boolean }[] = []
  const deciding = new Map<string, string>()
  const hidden: { path: string; name: string }[] = []
  for (const folder of folders) {
    const names = await listFolder(folder, extension)
    looked.push({ path: folder, exists: names !== undefined })
    for (const name of names ?? []) {
      const lower = deciding.get(name)
      if (lower !== undefined) hidden.push({ path: lower, name })
      deciding.set(name, pathsOf(host).join(folder, name))
    }
  }
  const read = [...deciding].toSorted(([one], [other]) => compare(one, other)).map(([, path]) => ({ path }))
  const files = [...read, ...hidden.map(({ path, name }) => ({ path, hiddenBy: deciding.get(name) }))]
  return { folders: looked, files }
}

/** Undefined if there is no such folder. */
async function listFolder(folder: string, extension: string): Promise<readonly string[] | undefined> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'ENOENT') return undefined
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `${quoteForeign(folder)} cannot be read: ${quoteForeign(reason, 200)}`
    throw new ImageError('IO', message, { cause })
  })
  if (entries === undefined) return undefined
  // Folders are not gone into; whatever else has such a name is opened, and refused there if it is no file.
  const found = entries.filter((entry) => !entry.isDirectory() && entry.name.endsWith(extension))
  if (found.length <= MAX_DROP_INS) return found.map(({ name }) => name)
  throw new ImageError('LIMIT_EXCEEDED', `${quoteForeign(folder)} has more than ${MAX_DROP_INS} *${extension} files`)
}

/** By bytes, as the files of other tools are sorted. */
function compare(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
