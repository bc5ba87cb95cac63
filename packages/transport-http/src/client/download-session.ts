import { hashRange, naming, writeFully } from '@crossdock/blob-files'
import { createHasher, type Digest, type Hasher } from '@crossdock/core'
import { recycle } from '@crossdock/streams'
import type { PartHead } from './part-head.ts'
import { type Part, takePart } from './part.ts'

/**
 * Where one download goes, and what is there of it already. Disposing it without `finish` removes the bytes, or leaves them for the next run, as the
 * session has it.
 */
export interface DownloadSession extends AsyncDisposable {
  /** How many bytes there are. */
  readonly position: number
  /** What they are bytes of; undefined as long as nothing was begun. */
  readonly head: PartHead | undefined
  /** Whether the bytes come from several answers. */
  readonly isJoined: boolean
  /** Drops the bytes that are there: those of the content with this head follow. */
  begin(head: PartHead): Promise<void>
  /** Takes a chunk, which belongs to the session from then on. */
  write(chunk: Uint8Array): Promise<void>
  /** Notes that what follows comes from another answer. */
  join(): void
  /** Whatever becomes of this download, its bytes are of no use for another one. */
  spoil(): void
  /** Gives the content, which is complete, the name that `target` makes of its digest. */
  finish(target: (digest: Digest) => string): Promise<Digest>
}

export interface SessionPlace {
  /** The folder of downloads under way; made if it is missing. */
  readonly folder: string
  /** Which download it is, in characters that a file name can have. */
  readonly id: string
  readonly signal?: AbortSignal | undefined
}

/** Begins with nothing, and leaves nothing. */
export async function createDefaultSession(place: SessionPlace): Promise<DownloadSession> {
  return await sessionOf(await takePart({ ...place, fresh: true }), { ...place, resumable: false })
}

/**
 * Goes on where another process was killed or failed, and leaves its own bytes if it fails. They are kept only with a validator that proves what they
 * are of.
 */
export async function createResumableSession(place: SessionPlace): Promise<DownloadSession> {
  return await sessionOf(await takePart({ ...place, fresh: false }), { ...place, resumable: true })
}

interface SessionOptions {
  readonly signal?: AbortSignal | undefined
  readonly resumable: boolean
}

async function sessionOf(part: Part, { signal, resumable }: SessionOptions): Promise<DownloadSession> {
  const { handle } = part
  let hasher = await hashed(part, signal)
  let position = part.size
  let head = part.head
  let isJoined = position > 0
  let isSpoilt = false
  let isOver = false
  return {
    get position() {
      return position
    },
    get head() {
      return head
    },
    get isJoined() {
      return isJoined
    },
    async begin(next) {
      await naming('write', 'the download', () => handle.truncate(0))
      hasher = createHasher('sha256')
      position = 0
      head = next
      isJoined = false
      if (resumable) await part.note(next)
    },
    async write(chunk) {
      await naming('write', 'the download', () => writeFully(handle, [chunk], position))
      hasher.update(chunk)
      position += chunk.byteLength
      recycle(chunk)
    },
    join: () => void (isJoined = true),
    spoil: () => void (isSpoilt = true),
    async finish(target) {
      const digest = hasher.digest()
      isOver = true
      await part.publish(target(digest))
      return digest
    },
    async [Symbol.asyncDispose]() {
      if (isOver) return
      isOver = true
      const isWorthKeeping = resumable && !isSpoilt && position > 0 && head?.strong !== undefined
      await (isWorthKeeping ? part.keep() : part.discard())
    },
  }
}

/** A running hash over what is there already. */
async function hashed(part: Part, signal: AbortSignal | undefined): Promise<Hasher> {
  const hasher = createHasher('sha256')
  try {
    await hashRange(part.handle, { hasher, to: part.size, signal })
    return hasher
  } catch (reason) {
    await part.keep()
    throw reason
  }
}
