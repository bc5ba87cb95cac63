import { describeFailure } from '../failure.ts'
import type { ProgressDisplay } from './display.ts'

/** Every event as one JSON object on a line of its own, and a last one of type `error` if the operation failed. */
export function createJsonLines(stream: NodeJS.WritableStream): ProgressDisplay {
  const write = (value: object): void => void stream.write(`${JSON.stringify(value)}\n`)
  let isOver = false
  return {
    // What is still under way when the operation has failed may report once more: the last line is the error.
    onProgress: (event) => {
      if (!isOver) write(event)
    },
    stop: (error) => {
      isOver = true
      if (error === undefined) return
      const { code, message, exitCode } = describeFailure(error)
      write({ type: 'error', code, message, exitCode })
    },
  }
}
