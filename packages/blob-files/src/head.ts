import type { BlobBody, Digest, Hasher } from '@crossdock/core'
import { verifyBlob, untilAborted } from '@crossdock/streams'
import { createFileWriter } from './file-writer.ts'
import type { Flusher } from './flusher.ts'
import type { Growth } from './growth.ts'
import type { PartialFile } from './partial.ts'

export interface HeadOptions {
  readonly file: PartialFile
  /** The file has so many bytes, and `hasher` has seen them. */
  readonly kept: number
  readonly hasher: Hasher
  readonly digest: Digest
  readonly size?: number | undefined
  readonly growth: Growth
  readonly flusher: Flusher | undefined
  readonly signal: AbortSignal
}

/** A blob that comes in one go, hashed and written as it comes, to its end or to where it turns out that parts are to go on. */
export interface Head {
  /** How far it has come. */
  readonly position: number
  /**
   * Reads on as long as `goesOn`, which is asked after each chunk, and from then on as long as there is something to read: what has
   * arrived is not thrown away. What it read is in the file then. Says whether it came to the blob's end: then the blob is verified.
   */
  readWhile(goesOn: () => boolean): Promise<boolean>
  close(): Promise<void>
}

export function createHead(body: BlobBody, options: HeadOptions): Head {
  const { file, kept, hasher, digest, size, growth, flusher } = options
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  let position = kept
  let isLeaving = false
  const writer = createFileWriter({
    ...file,
    position: kept,
    isPooled: leavesProcessorFree(body),
    onWritten: (bytes) => flusher?.wrote(bytes),
  })
  const rest = kept > 0 && kept === size ? noBytes() : body.open(kept)
  const verified = verifyBlob(untilAborted(rest, signal), { digest, size }, { kept: { hasher, size: kept } })

  /** Undefined if it is left. */
  async function next(): Promise<IteratorResult<Uint8Array> | undefined> {
    const step = verified.next()
    if (!isLeaving || !(await isIdle(step))) return await step
    stop.abort() // at once: nothing that comes now may reach the hasher
    return undefined
  }

  return {
    get position() {
      return position
    },
    async readWhile(goesOn) {
      let step = await next()
      for (; step !== undefined && step.done !== true; step = await next()) {
        position += step.value.byteLength
        growth.came(step.value.byteLength)
        await writer.write(step.value)
        isLeaving ||= !goesOn()
      }
      await writer.finish()
      return step !== undefined
    },
    async close() {
      stop.abort()
      await verified.return(undefined)
      await writer.finish().catch(() => undefined) // it has been thrown before, or another failure is the one to tell
    },
  }
}

/** Less is written before another thread has begun. */
const WORTH_A_THREAD_BYTES = 4 * 1024 * 1024

/**
 * What is never asked for in parts comes from this machine as a rule, where nobody else works for it: another thread may write. (The
 * server at the other end of a connection may need that processor, and with one on this machine this costs an eighth of the time.)
 */
function leavesProcessorFree(body: BlobBody): boolean {
  const { size = 0 } = body
  return body.lease === undefined && size >= WORTH_A_THREAD_BYTES
}

/**
 * In these many turns of the event loop all that has arrived is read, gathered and handed over: one in which a connection that took its
 * share rests, one in which it reads, one in which that is handed over, and as many again for what stands between.
 */
const TURNS = 6

/** Whether nothing had arrived. (How long something takes to come does not tell: other processes may be running.) */
async function isIdle(step: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  let seen: unknown = pending
  for (let turn = 0; turn < TURNS && seen === pending; turn += 1) {
    const later = new Promise((resolve) => void setImmediate(resolve, pending))
    seen = await Promise.race([step.catch(() => undefined), later])
  }
  return seen === pending
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}
