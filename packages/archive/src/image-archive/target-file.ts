import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { ifExists, naming, pathError, requirePlain } from '@crossdock/blob-files'
import { createTemporaryFile, type TemporaryFile } from '../files/temporary-file.ts'

const BEAT_MS = 30_000

/**
 * Checks, without changing anything, that an archive can be written: nothing or a plain file at the path, in a folder that is there.
 * Throws `CONFLICT`, `NOT_FOUND`.
 */
export async function checkTarget(path: string): Promise<void> {
  const folder = dirname(path)
  const found = await naming('look at', folder, () => ifExists(stat(folder)))
  if (found === undefined) {
    throw pathError(
      'NOT_FOUND',
      folder,
      `does not exist; make the folder, then "${basename(path)}" can be written there`,
    )
  }
  await requirePlain(path, 'file')
}

/** The file that is written beside the target. */
export interface TargetFile extends AsyncDisposable {
  /** Makes it, once. Throws `CONFLICT` when it was closed. */
  open(): Promise<TemporaryFile>
  /** From now on nothing can be written. */
  close(): void
}

export function createTargetFile(path: string): TargetFile {
  let opening: Promise<TemporaryFile> | undefined
  let beat: ReturnType<typeof setInterval> | undefined
  let isClosed = false

  async function begin(): Promise<TemporaryFile> {
    const created = await createTemporaryFile(dirname(path))
    // Processes of another machine know by its time that somebody still writes it.
    beat = setInterval(() => void touch(created).catch(ignore), BEAT_MS)
    beat.unref()
    return created
  }

  function close(): void {
    clearInterval(beat)
    isClosed = true
  }

  return {
    async open() {
      if (isClosed) throw pathError('CONFLICT', path, 'is not open for writing any more; open it anew to replace it')
      opening ??= begin().catch((reason: unknown) => {
        opening = undefined // what failed may succeed when it is tried again
        throw reason
      })
      return await opening
    },
    close,
    async [Symbol.asyncDispose]() {
      const created = await opening?.catch(ignore)
      close()
      await created?.[Symbol.asyncDispose]()
    },
  }
}

async function touch({ handle }: TemporaryFile): Promise<void> {
  const now = new Date()
  await handle.utimes(now, now)
}

function ignore(): void {}
