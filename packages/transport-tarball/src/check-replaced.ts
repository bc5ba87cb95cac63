import { stat } from 'node:fs/promises'
import {
  type ArchiveFile,
  type ArchiveKind,
  archiveKind,
  beginsAsAci,
  openArchive,
  type OpenArchiveOptions,
  openFile,
} from '@crossdock/archive'
import { ifExists, naming, pathError } from '@crossdock/blob-files'
import { ImageError, quoteForeign } from '@crossdock/core'

/** Which archive may be written over. */
export interface Replaced {
  /** For messages: `a docker archive`. */
  readonly what: string
  readonly kinds: readonly ArchiveKind[]
  /** The names of the images in such an archive. */
  readonly namesIn: (archive: ArchiveFile, signal: AbortSignal | undefined) => Promise<readonly string[]>
  /** The name that the image will have, as that says it. */
  readonly name: string | undefined
}

/**
 * Checks that nothing is lost by writing an archive to the path: there is nothing, an empty file, or an archive of the same kind without
 * images of other names. Throws `CONFLICT`.
 */
export async function checkReplaced(path: string, replaced: Replaced, options: OpenArchiveOptions): Promise<void> {
  if (await isEmpty(path)) return
  const others = (await namesAt(path, replaced, options)).filter((name) => name !== replaced.name)
  if (others.length === 0) return
  const names = others.slice(0, 3).map((name) => `"${quoteForeign(name, 200)}"`)
  const more = others.length > names.length ? ` and ${others.length - names.length} more` : ''
  const lost = `holds ${names.join(', ')}${more}, which would be lost`
  throw pathError('CONFLICT', path, `${lost}; remove the file or choose another path`)
}

/** The same of an App Container archive: it has one image, whatever its name. Throws `CONFLICT`. */
export async function checkReplacedAci(path: string, options: OpenArchiveOptions): Promise<void> {
  if (await isEmpty(path)) return
  await using file = await openFile(path)
  if (!(await beginsAsAci(file, options))) throw isOther(path, 'an App Container archive')
}

async function isEmpty(path: string): Promise<boolean> {
  const found = await naming('look at', path, () => ifExists(stat(path)))
  return found === undefined || found.size === 0
}

async function namesAt(
  path: string,
  { kinds, namesIn, what }: Replaced,
  options: OpenArchiveOptions,
): Promise<readonly string[]> {
  const { signal } = options
  try {
    await using archive = await openArchive(path, options)
    if (kinds.includes(archiveKind(archive.index))) return await namesIn(archive, signal)
  } catch (reason) {
    signal?.throwIfAborted()
    if (!(reason instanceof ImageError) || reason.code === 'IO') throw reason
  }
  throw isOther(path, what)
}

function isOther(path: string, what: string): ImageError {
  return pathError('CONFLICT', path, `is there already and is not ${what}; remove it or choose another path`)
}
