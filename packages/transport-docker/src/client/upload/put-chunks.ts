import type { BlobBody } from '@crossdock/core'
import { type BodyCursor, createBodyCursor } from './body-cursor.ts'
import { createChunkSizer } from './chunk-sizer.ts'
import { isUploadAtFault, type KnownBlob, type PutAttempt, type PutOutcome } from './put-outcome.ts'
import {
  cancelUpload,
  type ChunkOutcome,
  finishUpload,
  freshUpload,
  sendChunk,
  triedStatus,
  uploadError,
  type UploadSession,
  type UploadWire,
} from './upload-session.ts'

const MIB = 1024 * 1024
/** A chunk that registries with an upper limit take. */
const MODEST_CHUNK_BYTES = 4 * MIB
/** How often the registry may name another offset than was sent to. */
const MAX_RESYNCS = 5

/** POST, PATCH for each chunk, PUT. Each chunk that was acknowledged is noted in the journal. */
export async function putChunks(
  body: BlobBody,
  blob: KnownBlob,
  { wire, entry, session: given }: PutAttempt,
): Promise<PutOutcome> {
  const upload = createChunkedUpload(wire, {
    blob,
    session: given ?? (await freshUpload(wire, blob.digest)),
    given: given !== undefined,
  })
  const cursor = createBodyCursor(body, { ...blob, from: upload.session.offset })
  try {
    entry.note(upload.session)
    while (upload.session.offset < blob.size) {
      const outcome = await upload.sendNext(cursor)
      if (outcome !== undefined) return outcome
      entry.note(upload.session)
    }
    await cursor.finish()
    return await upload.finish()
  } finally {
    cursor.close()
  }
}

interface ChunkedUpload {
  readonly session: UploadSession
  /** Sends one chunk. An outcome if it has to go on otherwise. */
  sendNext(cursor: BodyCursor): Promise<PutOutcome | undefined>
  finish(): Promise<PutOutcome>
}

interface Resync {
  /** Bytes that the registry has, as far as its refusal said so. */
  readonly stored?: number | undefined
  /** Whether a newer Location alone may be what was missing. */
  readonly newUrlHelps: boolean
}

interface UploadState {
  readonly blob: KnownBlob
  readonly session: UploadSession
  /** Whether the session is one that was open before. */
  readonly given: boolean
}

function createChunkedUpload(wire: UploadWire, { blob, session: first, given }: UploadState): ChunkedUpload {
  const { lore } = wire.repository
  let session = first
  let accepted = 0
  let resyncs = 0
  const sizer = createChunkSizer({ chunkBytes: lore.chunkBytes, minChunkBytes: session.minChunkBytes })

  /** Where does the registry stand by now? False if it does not tell, or what is known already. */
  async function resync({ stored, newUrlHelps }: Resync): Promise<boolean> {
    resyncs += 1
    if (resyncs > MAX_RESYNCS) return false
    const status = await triedStatus(wire, session.url)
    if (status === 'gone') return false
    const { url = session.url, offset = stored ?? session.offset } = typeof status === 'string' ? {} : status
    const hasMoved = offset !== session.offset || (newUrlHelps && url.href !== session.url.href)
    if (!hasMoved || offset > blob.size) return false
    session = { ...session, url, offset }
    return true
  }

  /**
   * An upload that a process left when it died may still take in that one's last request when its status is asked for: the Location
   * is an old one then as soon as that request is over.
   */
  async function overtaken(): Promise<boolean> {
    return given && accepted === 0 && (await resync({ newUrlHelps: true }))
  }

  return {
    get session() {
      return session
    },
    sendNext: async (cursor) => {
      const { offset } = session
      const size = Math.min(sizer.next(), blob.size - offset)
      const startedAt = performance.now()
      const outcome = await sendChunk(wire, session, { size, body: cursor.section(offset, offset + size) })
      if (outcome.kind === 'accepted') {
        accepted += 1
        ;({ session } = outcome)
        sizer.took(size, performance.now() - startedAt)
        return undefined
      }
      if (outcome.kind === 'offset' && (await resync({ ...outcome, newUrlHelps: false }))) return undefined
      if (outcome.kind === 'refused' && (await overtaken())) return undefined
      if (outcome.kind === 'too-large' && sizer.shrink()) {
        lore.chunkBytes = sizer.next()
        return undefined
      }
      return await otherWay(outcome, { wire, session, given, accepted, size })
    },
    finish: async () => {
      const finish = async () => await finishUpload(wire, session, { digest: blob.digest })
      let refusal = await finish()
      if (refusal?.status === 400 && (await overtaken()) && session.offset === blob.size) refusal = await finish()
      if (refusal === undefined) return { kind: 'done' }
      // What an earlier attempt left may be damaged; what was sent just now is not.
      if (given && isUploadAtFault(refusal)) return { kind: 'retry', refusal }
      throw uploadError(wire, refusal)
    },
  }
}

interface Stand {
  readonly wire: UploadWire
  readonly session: UploadSession
  readonly given: boolean
  readonly accepted: number
  /** Of the chunk that was refused. */
  readonly size: number
}

/** After a chunk was refused for good: begin anew, with smaller chunks, or in one request. */
async function otherWay(outcome: Exclude<ChunkOutcome, { kind: 'accepted' }>, stand: Stand): Promise<PutOutcome> {
  const { wire, session, given, accepted, size } = stand
  const { lore } = wire.repository
  const { refusal } = outcome
  if (outcome.kind === 'too-large') throw uploadError(wire, refusal)
  if (outcome.kind !== 'gone') await cancelUpload(wire, session)
  if (given && accepted === 0) return { kind: 'retry', refusal }
  if (outcome.kind === 'refused' && accepted > 0) throw uploadError(wire, refusal)
  if (outcome.kind === 'offset' && size > MODEST_CHUNK_BYTES && MODEST_CHUNK_BYTES >= session.minChunkBytes) {
    lore.chunkBytes = MODEST_CHUNK_BYTES
    return { kind: 'retry', refusal }
  }
  if (outcome.kind === 'gone' && accepted > 0) return { kind: 'retry', refusal }
  lore.monolithicOnly = true
  return { kind: 'retry', refusal, whole: true }
}
