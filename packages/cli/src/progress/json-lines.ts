import { formatJson } from '../output/json.ts'
import type { ProgressDisplay } from './display.ts'

/** Every event as one JSON object on a line of its own. */
export function createJsonLines(stream: NodeJS.WritableStream): ProgressDisplay {
  let isOver = false
  return {
    // What is still under way when the operation has failed may report once more: the last line is the error.
    onProgress: (event) => {
      if (!isOver) stream.write(`${formatJson(event)}\n`)
    },
    stop: () => {
      isOver = true
    },
  }
}
