import { describeFailure } from '../failure.ts'
import type { ProgressDisplay } from './display.ts'

/** Every event as one JSON object on a line of its own, and a last one of type `error` if the operation failed. */
export function createJsonLines(stream: NodeJS.WritableStream): ProgressDisplay {
  const write = (value: object): void => void stream.write(`${JSON.stringify(value)}\n`)
  return {
    onProgress: write,
    stop: (error) => {
      if (error === undefined) return
      const { code, message, exitCode } = describeFailure(error)
      write({ type: 'error', code, message, exitCode })
    },
  }
}
