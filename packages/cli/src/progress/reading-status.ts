import type { ProgressEvent } from '@crossdock/core'
import { formatBytes } from '../output/sizes.ts'
import { createProgressState } from './progress-state.ts'

/** What is over sooner needs no status. */
const SHOWN_AFTER_MS = 500
const INTERVAL_MS = 100
const ERASE_ROW = '\r\u001B[K'

/** One row on a terminal that says how far blobs are read. */
export interface ReadingStatus {
  readonly update: (event: ProgressEvent) => void
  /** Takes the row away, for something else to be written; it comes back with the next event. */
  readonly clear: () => void
  /** Takes the row away for good. */
  readonly stop: () => void
}

export function createReadingStatus(
  stream: NodeJS.WriteStream,
  now: () => number = () => performance.now(),
): ReadingStatus {
  const state = createProgressState()
  let since: number | undefined
  let drawnAt = -Infinity
  let planned = 0
  let isDrawn = false
  let isOver = false

  function draw(elapsedMs: number): void {
    const rate = (state.bytesMoved * 1000) / elapsedMs
    const row = `reading: ${formatBytes(state.bytesDone)} of ${formatBytes(planned)}, ${formatBytes(rate)}/s`
    stream.write(`${ERASE_ROW}${row.slice(0, Math.max(20, stream.columns || 80) - 1)}`)
    isDrawn = true
  }

  function clear(): void {
    if (isDrawn) stream.write(ERASE_ROW)
    isDrawn = false
  }

  return {
    update: (event) => {
      if (event.type === 'plan') planned += event.bytes
      else state.update(event)
      if (event.type !== 'blob:start' && event.type !== 'blob:bytes') return
      const time = now()
      since ??= time
      if (isOver || time - since < SHOWN_AFTER_MS || time - drawnAt < INTERVAL_MS) return
      drawnAt = time
      draw(time - since)
    },
    clear,
    stop: () => {
      isOver = true
      clear()
    },
  }
}
