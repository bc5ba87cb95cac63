import { count, formatBytes } from '../output/sizes.ts'
import type { ProgressDisplay } from './display.ts'
import { createProgressState, describeEvent } from './progress-state.ts'

const INTERVAL_MS = 5000

/** For logs: a line when something happens that people should know, and one every few seconds on how far it is. */
export function createLines(
  stream: NodeJS.WritableStream,
  { intervalMs = INTERVAL_MS }: { readonly intervalMs?: number } = {},
): ProgressDisplay {
  const state = createProgressState()
  const started = performance.now()
  const timer = setInterval(() => {
    const rate = (state.bytesMoved * 1000) / (performance.now() - started)
    const blobs = `${state.blobsDone} of ${count(state.blobs, 'blob')}`
    stream.write(`${blobs}, ${formatBytes(state.bytesDone)} of ${formatBytes(state.bytes)}, ${formatBytes(rate)}/s\n`)
  }, intervalMs)
  timer.unref()
  return {
    onProgress: (event) => {
      state.update(event)
      const line = describeEvent(event)
      if (line !== undefined) stream.write(`${line}\n`)
    },
    stop: () => clearInterval(timer),
  }
}
