import type { BlobBody, Digest, Hasher } from '@crossdock/core'
import { verifyBlob } from '@crossdock/streams'
import { createFileWriter } from './file-writer.ts'
import type { Flusher } from './flusher.ts'
import type { Growth } from './growth.ts'
import type { PartialFile } from './partial.ts'
import { untilAborted } from './until-aborted.ts'

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
  /** Reads on as long as `goesOn`, which is asked after each chunk. Says whether it came to the blob's end: then the blob is verified. */
  readWhile(goesOn: () => boolean): Promise<boolean>
  /** Reads on, up to there, and no further ever, telling how far the file has come. */
  readTo(end: number, onWritten: (end: number) => void): Promise<void>
  close(): Promise<void>
}

export function createHead(body: BlobBody, options: HeadOptions): Head {
  const { file, kept, hasher, digest, size, growth, flusher, signal } = options
  let position = kept
  let limit = Infinity
  let told: ((end: number) => void) | undefined
  const writer = createFileWriter({
    ...file,
    position: kept,
    onWritten(bytes, end) {
      flusher?.wrote(bytes)
      told?.(end)
    },
  })
  const rest = kept > 0 && kept === size ? noBytes() : body.open(kept)
  const verified = verifyBlob(upToLimit(untilAborted(rest, signal)), { digest, size }, { kept: { hasher, size: kept } })

  async function* upToLimit(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let passed = kept
    for await (const chunk of chunks) {
      const wanted = chunk.subarray(0, limit - passed)
      passed += wanted.byteLength
      yield wanted
    }
  }

  /** Says whether it came to the end. */
  async function read(goesOn: () => boolean): Promise<boolean> {
    let step = await verified.next()
    for (; step.done !== true; step = await verified.next()) {
      position += step.value.byteLength
      growth.came(step.value.byteLength)
      await writer.write(step.value)
      if (!goesOn()) return false
    }
    await writer.finish()
    return true
  }

  return {
    get position() {
      return position
    },
    readWhile: read,
    async readTo(end, onWritten) {
      limit = end
      told = onWritten
      await read(() => position < end)
      await verified.return(undefined)
      await writer.finish()
    },
    async close() {
      await verified.return(undefined)
      await writer.finish().catch(() => undefined) // it has been thrown before, or another failure is the one to tell
    },
  }
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}
