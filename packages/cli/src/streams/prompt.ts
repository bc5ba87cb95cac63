import { UsageError } from '../failure.ts'
import type { Terminal } from '../invocation.ts'

export interface PromptOptions {
  readonly signal: AbortSignal
  /** Whether what is typed is not to be seen. Default: false. */
  readonly hidden?: boolean | undefined
}

/** Whether somebody sits there who can be asked. */
export function canAsk({ stdin, stderr }: Terminal): boolean {
  return stdin?.isTTY === true && stderr.isTTY
}

/** Asks for a line, on stderr, since stdout is for data. Ctrl-C ends the command. Throws a `UsageError` if the input ends. */
export async function prompt({ stdin, stderr }: Terminal, question: string, options: PromptOptions): Promise<string> {
  const { signal, hidden = false } = options
  const { createInterface } = await import('node:readline')
  const { Writable } = await import('node:stream')
  if (stdin === undefined) throw new UsageError('there is no input to read an answer from')
  // Line editing draws what is typed: where that is to be hidden, on nothing.
  const nothing = new Writable({ write: (_chunk, _encoding, done) => done() })
  signal.throwIfAborted()
  const lines = createInterface({ input: stdin, output: hidden ? nothing : stderr, terminal: true, historySize: 0 })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  // The terminal does not do it itself while lines are edited.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  lines.on('close', () =>
    reject(new UsageError(`nothing was typed where ${question.trim().replace(/:$/, '')} is asked`)),
  )
  // From now on nothing that is typed shows by itself.
  if (hidden) stderr.write(question)
  try {
    lines.question(hidden ? '' : question, resolve)
    return await promise
  } finally {
    signal.removeEventListener('abort', onAbort)
    lines.close()
    if (hidden) stderr.write('\n')
  }
}
