import { ImageError, quoteForeign } from '@crossdock/core'
import { createByteCursor, type ByteCursor } from './byte-cursor.ts'
import type { TarEntry } from './entry.ts'
import { toBlocks } from './fields.ts'
import { resolveLimits, type TarReadOptions } from './limits.ts'
import { cutOff } from './problems.ts'
import { runs, zeros } from './sparse.ts'
import { createWalk, nextEntry } from './walk.ts'

export interface ReadTarOptions extends TarReadOptions {
  readonly signal?: AbortSignal | undefined
}

/** A member of an archive that is being streamed. */
export interface TarMember {
  readonly entry: TarEntry
  /**
   * Its content, holes filled; empty for everything but files. It can be read once, until the next member is asked for; what is
   * left of it then is passed over.
   */
  readonly content: AsyncIterable<Uint8Array>
  /** The same, if all of it has arrived already; valid until the next member is asked for. Undefined if not, and for files with holes. */
  readonly arrived: () => Uint8Array | undefined
}

/**
 * Reads an archive as it arrives, with the memory of one chunk. Behind the last member the body is read to its end, so that
 * whatever verifies it has seen all of it. Throws as `indexTar` does, paths excepted: those are the caller's to judge.
 */
export async function* readTar(
  body: AsyncIterable<Uint8Array>,
  options: ReadTarOptions = {},
): AsyncGenerator<TarMember> {
  const limits = resolveLimits(options)
  const cursor = createByteCursor(body, options.signal)
  try {
    const walk = createWalk(limits)
    for (;;) {
      const steps = nextEntry(walk)
      let step = steps.next(NOTHING)
      while (step.done !== true) step = steps.next(cursor.peek(step.value) ?? (await cursor.gather(step.value)))
      const entry = step.value
      if (entry === undefined) break
      const content = createContent(entry, { cursor, what: limits.what })
      const arrived = (): Uint8Array | undefined =>
        entry.sparse === undefined ? cursor.peek({ position: entry.offset, bytes: entry.size }) : undefined
      yield { entry, content, arrived }
      content.over()
      const end = entry.offset + toBlocks(entry.storedSize) // padding included
      if (!cursor.skipHere(end) && !(await cursor.skipTo(end))) {
        throw cutOff(limits.what, 'within the content of a member')
      }
    }
    await cursor.skipTo(Infinity)
  } finally {
    await cursor.close()
  }
}

const NOTHING = new Uint8Array(0)

interface From {
  readonly cursor: ByteCursor
  readonly what: string
}

interface Content extends AsyncIterable<Uint8Array> {
  /** From now on it cannot be read. */
  over(): void
}

function createContent(entry: TarEntry, { cursor, what }: From): Content {
  let isOver = false
  let isTaken = false

  function check(): void {
    if (!isOver) return
    const name = quoteForeign(entry.path, 200)
    throw new ImageError(
      'CONFLICT',
      `${what}: the content of "${name}" was passed over; read it before the next member`,
    )
  }

  return {
    async *[Symbol.asyncIterator]() {
      check()
      if (isTaken) throw new ImageError('CONFLICT', `${what}: the content of a member can be read once`)
      isTaken = true
      for (const run of runs(entry, 0, entry.size)) {
        if (run.at === undefined) yield* zeros(run.bytes)
        for (let done = 0; run.at !== undefined && done < run.bytes;) {
          check()
          const part = await cursor.take({ position: run.at + done, bytes: run.bytes - done })
          if (part === undefined) throw cutOff(what, 'within the content of a member')
          done += part.byteLength
          yield part
        }
      }
    },
    over() {
      isOver = true
    },
  }
}
