import { UsageError } from '../failure.ts'
import type { Terminal } from '../invocation.ts'

/** More than any password has. */
const MAX_CHARACTERS = 64 * 1024

/** Gives the next line of stdin, without its end. */
export type ReadLine = (signal: AbortSignal) => Promise<string>

/** Reads nothing before the first call, and does not even open stdin. A line that is not there, or is too long, is a `UsageError`. */
export function createLineReader(terminal: Pick<Terminal, 'stdin'>): ReadLine {
  let lines: Promise<string[]> | undefined
  return async (signal) => {
    lines ??= readLines(terminal.stdin, signal)
    const line = (await lines).shift()
    if (line === undefined) throw new UsageError('stdin ended before the password that was to be read from it')
    return line
  }
}

async function readLines(stdin: NodeJS.ReadStream | undefined, signal: AbortSignal): Promise<string[]> {
  if (stdin === undefined) return []
  let text = ''
  const stop = (): void => void stdin.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const chunk of stdin.setEncoding('utf8')) {
      text += String(chunk)
      if (text.length > MAX_CHARACTERS) throw new UsageError('what stdin gives is too long for a password')
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
  signal.throwIfAborted()
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}
