import { thisProcess } from '@crossdock/blob-files'
import { digestAlgorithm } from '@crossdock/core'
import type { Ingest, OpenIngestOptions } from '../contents.ts'
import { joinLease } from '../leases/lease-resources.ts'
import type { StoreContext } from '../store-context.ts'
import type { ContentFiles } from './content-files.ts'
import { type IngestData, openIngestData } from './ingest-data.ts'
import {
  createData,
  dataPath,
  findIngest,
  type FoundIngest,
  type IngestNote,
  openData,
  soundSize,
  writeNote,
} from './ingest-folder.ts'
import { openIngest } from './open-ingest.ts'
import type { RefLock } from './ref-lock.ts'
import { sharedData } from './shared-data.ts'

export interface BeginIngestOptions extends Omit<OpenIngestOptions, 'wait'> {
  readonly context: StoreContext
  readonly files: ContentFiles
  readonly folder: string
  /** Of the folder. */
  readonly lock: RefLock
}

/** Opens an ingest whose lock is held: goes on with what is there, if that is of the same blob, or begins a new one. */
export async function beginIngest(options: BeginIngestOptions): Promise<Ingest> {
  const { context, files, folder, lock, ref, signal } = options
  if (context.lease !== undefined)
    await context.database.write((sql) => joinLease(sql, context, { kind: 'ingest', id: ref }), { signal })
  const found = lock.isContested ? undefined : await findIngest(files.paths, folder)
  const old = found !== undefined && fits(found, options) ? found : undefined
  const note = old === undefined ? newNote(options) : noteOf(old, options)
  await writeNote(files.paths, folder, note)
  const handle = old === undefined ? await createData(folder) : await openData(folder)
  try {
    const algorithm = note.expected === undefined ? 'sha256' : digestAlgorithm(note.expected)
    const keep = old === undefined ? 0 : soundSize(old)
    const own = await openIngestData({ handle, path: dataPath(folder), algorithm, keep, signal })
    const data = await withShared(own, options)
    return openIngest({ context, files, folder, note, data, lock, updatedAt: old?.updatedAt ?? note.startedAt })
  } catch (reason) {
    await handle.close()
    throw reason
  }
}

function newNote({ ref, size: total, digest: expected, context }: BeginIngestOptions): IngestNote {
  const { namespace, clock } = context
  const startedAt = new Date(clock.now())
  return { ref, namespace, total, expected, startedAt, place: thisProcess().place, flushed: 0 }
}

function noteOf(old: FoundIngest, { size, digest }: BeginIngestOptions): IngestNote {
  const { ref, namespace, startedAt } = old
  const flushed = Math.min(old.flushed, soundSize(old))
  return {
    ref,
    namespace,
    total: size ?? old.total,
    expected: digest ?? old.expected,
    startedAt,
    place: thisProcess().place,
    flushed,
  }
}

/** Whether what is there is of the same blob, as far as can be told. */
function fits({ total, expected, size }: FoundIngest, wanted: BeginIngestOptions): boolean {
  return isSame(total, wanted.size) && isSame(expected, wanted.digest) && size <= (wanted.size ?? total ?? Infinity)
}

function isSame<Value>(one: Value | undefined, other: Value | undefined): boolean {
  return one === undefined || other === undefined || one === other
}

/** The blob may be there, only not in this namespace: then nothing need come. */
async function withShared(own: IngestData, { files, digest, signal }: BeginIngestOptions): Promise<IngestData> {
  if (digest === undefined || own.offset > 0) return own
  const size = await files.whole(digest, { signal })
  return size === undefined ? own : sharedData(own, { digest, size, path: files.paths.blobs.pathOf(digest) })
}
