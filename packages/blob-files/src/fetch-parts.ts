import type { FileHandle } from 'node:fs/promises'
import { type BlobBody, ImageError } from '@crossdock/core'
import { untilAborted } from '@crossdock/streams'
import type { Coverage, Span } from './coverage.ts'
import { createFileWriter } from './file-writer.ts'
import type { Flusher } from './flusher.ts'
import type { Growth } from './growth.ts'
import type { PartJournal } from './part-journal.ts'
import { createPartQueue } from './part-queue.ts'

export interface FetchPartsOptions {
  readonly handle: FileHandle
  readonly path: string
  /** What is to be filled. */
  readonly gaps: readonly Span[]
  readonly coverage: Coverage
  readonly journal: PartJournal
  readonly flusher: Flusher | undefined
  readonly growth: Growth
  readonly signal: AbortSignal
}

const LOOK_EVERY_MS = 50

/**
 * Fills gaps of a file, in as many parts at once as the body gives leave for and as are worth it. Returns when all bytes are in
 * the file; the first failure ends the other parts before it is rethrown.
 */
export async function fetchParts(body: BlobBody, options: FetchPartsOptions): Promise<void> {
  const { growth, signal } = options
  const queue = createPartQueue(options.gaps)
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const readers = new Set<Promise<void>>()
  let active = 0
  let failure: { readonly reason: unknown } | undefined

  async function read(): Promise<void> {
    active += 1
    try {
      for (let part = take(); part !== undefined && !either.aborted; part = take()) {
        await readPart(body, part, { ...options, signal: either })
      }
    } finally {
      active -= 1
    }
  }

  function take(): Span | undefined {
    const wanted = growth.wanted(active)
    if (active > Math.max(1, wanted)) return undefined
    const isAlone = active === 1 && (body.lease === undefined || (growth.settled && wanted === 1))
    return isAlone ? queue.takeGap() : queue.takePart(growth.settled)
  }

  function start(release: () => void): void {
    const reader = read()
      .catch((reason: unknown) => {
        failure ??= { reason }
        stop.abort(reason)
      })
      .finally(() => {
        readers.delete(reader)
        release()
      })
    readers.add(reader)
  }

  function grow(): void {
    for (let more = growth.wanted(active) - active; more > 0 && !queue.isEmpty; more -= 1) {
      const release = body.lease?.()
      if (release === undefined) return
      start(release)
    }
  }

  start(() => undefined)
  const timer = setInterval(grow, LOOK_EVERY_MS)
  try {
    grow()
    while (readers.size > 0) await Promise.all(readers)
  } finally {
    clearInterval(timer)
  }
  if (failure !== undefined) throw failure.reason
  signal.throwIfAborted()
}

async function readPart(body: BlobBody, { from, to }: Span, options: FetchPartsOptions): Promise<void> {
  const { handle, path, coverage, journal, flusher, growth, signal } = options
  const extent = coverage.begin(from)
  const note = journal.begin(from)
  const writer = createFileWriter({
    handle,
    path,
    position: from,
    onWritten: (bytes, end) => {
      extent.grow(end)
      note.grew(end)
      flusher?.wrote(bytes)
    },
  })
  try {
    let position = from
    for await (const chunk of untilAborted(body.open(from, to), signal)) {
      // A body need not know of the end.
      const wanted = chunk.subarray(0, to - position)
      position += wanted.byteLength
      growth.came(wanted.byteLength)
      await writer.write(wanted)
      if (position === to) break
    }
    if (position < to) throw endedEarly(position, to)
  } catch (reason) {
    await writer.finish().catch(() => undefined) // the first failure is the one to tell
    throw reason
  }
  await writer.finish()
}

function endedEarly(position: number, to: number): ImageError {
  return new ImageError('DIGEST_MISMATCH', `a blob ended at byte ${position} where more should come, up to ${to}`)
}
