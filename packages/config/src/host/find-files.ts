import { realpath } from 'node:fs/promises'
import { ImageError, quoteForeign } from '@crossdock/core'
import { readConfigFile } from '../documents/bounded-file.ts'
import { dropInFolders, type DropIns, listDropIns } from './drop-ins.ts'
import type { HostEnvironment } from './host-environment.ts'
import { containersFolders, pathsOf, variable } from './host-paths.ts'

/** A configuration that is spread over a main file and drop-ins. */
export interface FileSearch {
  /** `registries.conf`; `registries` for the drop-ins in `registries.d`. */
  readonly name: string
  /** Of drop-ins, with its dot. */
  readonly extension: string
  /** False if there are drop-ins only. Default: true. */
  readonly hasMainFile?: boolean | undefined
  /** A variable with the path of the one file to read; with `_OVERRIDE` behind its name, of a file that is read last. */
  readonly variable?: string | undefined
  /** A file to read instead of the main file, which must exist. Variables are not heeded then. */
  readonly file?: string | undefined
  /** A folder of drop-ins to read instead of the others. Variables are not heeded then. */
  readonly dropIns?: string | undefined
  readonly limitBytes: number
  readonly signal?: AbortSignal | undefined
}

export interface FoundFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** A place that was looked at, and what was there. */
export interface SearchedPlace {
  readonly path: string
  /** A folder that exists is `searched`. */
  readonly state: 'read' | 'searched' | 'absent' | 'hidden' | 'not needed'
  /** What named it or, if it is hidden, hides it. */
  readonly by?: string | undefined
}

export interface FoundFiles {
  /** In the order in which they are merged: later ones decide. */
  readonly files: readonly FoundFile[]
  readonly searched: readonly SearchedPlace[]
}

/**
 * Reads the files of a configuration as containers-config(5), "Load Order", has it: the first main file that exists, then drop-ins.
 * Throws `IO` for a file that was named and is not there, and for what cannot be read; `LIMIT_EXCEEDED`.
 */
export async function findFiles(host: HostEnvironment, search: FileSearch): Promise<FoundFiles> {
  const files: FoundFile[] = []
  const searched: SearchedPlace[] = []
  const read = async (path: string, by?: string): Promise<boolean> => {
    const bytes = await readOrMasked(path, search)
    searched.push({ path, state: bytes === undefined ? 'absent' : 'read', ...(by !== undefined && { by }) })
    if (bytes !== undefined) files.push({ path, bytes })
    return bytes !== undefined
  }
  const readNamed = async (path: string, by: string): Promise<void> => {
    if (!(await read(path, by))) throw missingFile(path, by)
  }

  const isChosen = search.file !== undefined || search.dropIns !== undefined
  const named = search.variable === undefined || isChosen ? undefined : search.variable
  const only = named === undefined ? undefined : variable(host, named)
  if (named !== undefined && only !== undefined) await readNamed(only, named)
  else {
    if (search.file !== undefined) await readNamed(search.file, 'the caller')
    else if (search.hasMainFile !== false) await readFirst(mainFiles(host, search.name), { read, searched })
    const folders = search.dropIns === undefined ? dropInFolders(host, search) : [search.dropIns]
    const dropIns = await listDropIns(host, { folders, extension: search.extension })
    searched.push(...dropIns.folders.map(placeOfFolder))
    for (const dropIn of dropIns.files) {
      if (dropIn.hiddenBy === undefined) await read(dropIn.path)
      else searched.push({ path: dropIn.path, state: 'hidden', by: dropIn.hiddenBy })
    }
  }
  const last = named === undefined ? undefined : variable(host, `${named}_OVERRIDE`)
  if (last !== undefined) await readNamed(last, `${named}_OVERRIDE`)
  return { files, searched }
}

function placeOfFolder({ path, exists }: DropIns['folders'][number]): SearchedPlace {
  return { path, state: exists ? 'searched' : 'absent' }
}

async function readFirst(
  paths: readonly string[],
  { read, searched }: { readonly read: (path: string) => Promise<boolean>; readonly searched: SearchedPlace[] },
): Promise<void> {
  let found = false
  for (const path of paths) {
    if (found) searched.push({ path, state: 'not needed' })
    else found = await read(path)
  }
}

/** Where a main file may be, the one that decides first. */
export function mainFiles(host: HostEnvironment, name: string): readonly string[] {
  return containersFolders(host).map((folder) => pathsOf(host).join(folder, name))
}

/** A link to `/dev/null` stands for an empty file: so administrators switch off a drop-in of the distribution. */
async function readOrMasked(path: string, { limitBytes, signal }: FileSearch): Promise<Uint8Array | undefined> {
  const target = await realpath(path).catch(() => undefined)
  return target === '/dev/null' ? new Uint8Array() : await readConfigFile(path, { limitBytes, signal })
}

/** A file that somebody named and that does not exist. */
export function missingFile(path: string, by: string): ImageError {
  return new ImageError('IO', `${quoteForeign(path)}, which ${by} names, does not exist`)
}
