import type { FileHandle } from 'node:fs/promises'
import type { Span } from './coverage.ts'
import { readFully, writeFully, writeInCall } from './files.ts'

/*
 * While a blob is fetched in several parts at once, its file has notes behind the blob's last byte that say what is there: a
 * line of fixed length for each part, written over as the part grows. A file that is not longer than its blob has no gaps. What
 * the notes say is not trusted any more than the bytes are: the digest decides.
 */

const LINE_BYTES = 40
const LINE = /^([0-9]{1,16}) ([0-9]{1,16}) *$/
const MAX_PARTS = 4096
/** Where writing is slow, a kill loses what came since the last note. Where it is not, each write of a part has its note. */
const NOTE_EVERY_MS = 20

export interface PartJournal {
  /** The note of one more part. */
  begin(from: number): PartNote
  /** Waits for what is being written. */
  settle(): Promise<void>
}

export interface PartNote {
  /** The part's bytes up to here are in the file. */
  grew(to: number): void
}

export interface NotedFile {
  readonly handle: FileHandle
  readonly blobSize: number
}

/** What the file of a blob holds, according to its notes or its size. */
export async function readParts({ handle, blobSize }: NotedFile, fileSize: number): Promise<readonly Span[]> {
  if (fileSize <= blobSize) return fileSize === 0 ? [] : [{ from: 0, to: fileSize }]
  const notes = Buffer.alloc(Math.min(fileSize - blobSize, MAX_PARTS * LINE_BYTES))
  await readFully(handle, notes, blobSize)
  const parts: Span[] = []
  for (let at = 0; at < notes.byteLength; at += LINE_BYTES) {
    // A part that grew but was not noted yet has left zeros in the place of its line.
    const line = notes.toString('latin1', at, at + LINE_BYTES - 1)
    const [, from, to] = (LINE.exec(line) ?? []).map(Number)
    if (from !== undefined && to !== undefined && from < to && to <= blobSize) parts.push({ from, to })
  }
  return parts
}

/** Begins the notes of a file, with those parts that it has. */
export async function createPartJournal(file: NotedFile, parts: readonly Span[]): Promise<PartJournal> {
  const { handle, blobSize } = file
  let count = 0
  let isQuick = true
  const writing = new Set<Promise<void>>()
  const line = (part: Span): string => `${`${part.from} ${part.to}`.padEnd(LINE_BYTES - 1)}\n`

  // What an earlier run noted is replaced in one write, so that no part is ever lost from the notes.
  await writeFully(handle, [Buffer.from(parts.map(line).join('') || '\n')], blobSize)
  await handle.truncate(blobSize + Math.max(parts.length * LINE_BYTES, 1))
  count = parts.length

  // Notes only save work: if one cannot be written, the next run fetches more.
  function writeNow(slot: number, part: Span): void {
    try {
      isQuick = writeInCall(handle, Buffer.from(line(part)), placeOf(slot))
    } catch {
      isQuick = false
    }
  }

  function writePooled(slot: number, part: Span): void {
    const done = writeFully(handle, [Buffer.from(line(part))], placeOf(slot))
      .catch(() => undefined)
      .finally(() => writing.delete(done))
    writing.add(done)
  }

  function placeOf(slot: number): number {
    return blobSize + slot * LINE_BYTES
  }

  const notes = new Set<() => void>()
  return {
    begin(from) {
      const slot = count
      count += 1
      let latest = from
      let timer: ReturnType<typeof setTimeout> | undefined
      const flush = (): void => {
        clearTimeout(timer)
        timer = undefined
        notes.delete(flush)
        writePooled(slot, { from, to: latest })
      }
      return {
        grew(to) {
          if (slot >= MAX_PARTS) return
          if (isQuick) {
            writeNow(slot, { from, to })
            return
          }
          latest = to
          timer ??= setTimeout(flush, NOTE_EVERY_MS)
          notes.add(flush)
        },
      }
    },
    async settle() {
      for (const flush of notes) flush()
      await Promise.all(writing)
    },
  }
}
