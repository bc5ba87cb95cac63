import { stripVTControlCharacters, styleText } from 'node:util'
import { shortDigest } from '@crossdock/core'
import { count, formatBytes, formatDuration } from '../output/sizes.ts'
import type { ProgressDisplay } from './display.ts'
import { type ActiveBlob, createProgressState, describeEvent, type ProgressState } from './progress-state.ts'

const FRAME_MS = 80
const BAR_CHARACTERS = 28
/** More blobs than this in flight are summed up in the last row. */
const MAX_ROWS = 8

/** For a terminal: a row for each blob in flight and one for the whole, redrawn in place. */
export function createBars(stream: NodeJS.WriteStream): ProgressDisplay {
  const state = createProgressState()
  const started = performance.now()
  let drawn = 0

  const erase = (): string => (drawn === 0 ? '' : `\u001B[${drawn}F\u001B[J`)
  const draw = (above = ''): void => {
    const rows = renderRows(state, performance.now() - started).map((row) => row.slice(0, rowLimit(stream, row)))
    stream.write(`${erase()}${above}${rows.map((row) => `${row}\n`).join('')}`)
    drawn = rows.length
  }
  const timer = setInterval(draw, FRAME_MS)
  timer.unref()
  stream.write('\u001B[?25l')
  const showCursor = (): void => void stream.write('\u001B[?25h')
  process.once('exit', showCursor)
  return {
    onProgress: (event) => {
      state.update(event)
      const line = describeEvent(event)
      if (line !== undefined) draw(`${line}\n`)
    },
    stop: () => {
      clearInterval(timer)
      stream.write(erase())
      drawn = 0
      process.off('exit', showCursor)
      showCursor()
    },
  }
}

/** A row that wrapped would break the redrawing; style sequences take no columns. */
function rowLimit(stream: NodeJS.WriteStream, row: string): number {
  const styles = row.length - stripVTControlCharacters(row).length
  return Math.max(20, stream.columns || 80) - 1 + styles
}

export function renderRows(state: ProgressState, elapsedMs: number): readonly string[] {
  if (state.blobs === 0) return [styleText('dim', 'reading manifests …')]
  const blobs = [...state.active.values()].toSorted((a, b) => b.size - a.size)
  const rows = blobs.slice(0, MAX_ROWS).map(renderBlob)
  if (blobs.length > MAX_ROWS) rows.push(styleText('dim', `… and ${blobs.length - MAX_ROWS} more in flight`))
  return [...rows, renderTotal(state, elapsedMs)]
}

function renderBlob({ digest, size, position }: ActiveBlob): string {
  const share = size === 0 ? 1 : position / size
  return `${shortDigest(digest)}  ${bar(share)}  ${formatBytes(position)} of ${formatBytes(size)}`
}

function renderTotal(state: ProgressState, elapsedMs: number): string {
  const { blobs, blobsDone, bytes, bytesDone, bytesMoved } = state
  const rate = elapsedMs === 0 ? 0 : (bytesMoved * 1000) / elapsedMs
  const left = rate === 0 ? '' : `, ${formatDuration(((bytes - bytesDone) / rate) * 1000)} left`
  const share = bytes === 0 ? 1 : bytesDone / bytes
  const text = `${blobsDone} of ${count(blobs, 'blob')}, ${formatBytes(bytesDone)} of ${formatBytes(bytes)}, ${formatBytes(rate)}/s${left}`
  return `${styleText('bold', 'total'.padEnd(19))}  ${bar(share)}  ${text}`
}

function bar(share: number): string {
  const filled = Math.min(BAR_CHARACTERS, Math.floor(share * BAR_CHARACTERS))
  return styleText('cyan', '━'.repeat(filled)) + styleText('dim', '─'.repeat(BAR_CHARACTERS - filled))
}
