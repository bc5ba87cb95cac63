import { inspect } from 'node:util'
import type { ProgressEvent } from '@crossdock/core'
import { describeFailure } from './failure.ts'
import { describeEvent } from './progress/progress-state.ts'
import { Interruption, listenForInterruption } from './interruption.ts'
import type { Invocation, Terminal } from './invocation.ts'
import { createProgram } from './program.ts'

/** Runs the command line and returns its exit code. `argv` is without the interpreter and the script. */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { stdout, stderr } = terminal
  endQuietlyWithoutReader(stdout)
  const options = { timeoutMs: undefined as number | undefined, debug: false }
  const invocation: Invocation = {
    terminal,
    run: async (action) => {
      const interruptible = listenForInterruption(options.timeoutMs)
      try {
        await action({ signal: interruptible.signal, onProgress: (event) => noteEvent(event, stderr) })
      } finally {
        interruptible.stop()
      }
    },
    print: (text) => void stdout.write(text),
    note: (text) => void stderr.write(text),
  }
  const program = createProgram(invocation).hook('preAction', (_, command) => {
    const flags = command.optsWithGlobals<{ commandTimeout?: number; debug?: boolean }>()
    Object.assign(options, { timeoutMs: flags.commandTimeout, debug: flags.debug ?? false })
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    const { exitCode, message } = describeFailure(error)
    if (message !== '') stderr.write(`crossdock: ${message}\n${hint(error, argv)}`)
    if (options.debug) stderr.write(`${inspect(error)}\n`)
    return exitCode
  }
}

function noteEvent(event: ProgressEvent, stderr: NodeJS.WritableStream): void {
  const line = describeEvent(event)
  if (line !== undefined) stderr.write(`${line}\n`)
}

function hint(error: unknown, argv: readonly string[]): string {
  if (!(error instanceof Interruption) || argv[0] !== 'copy' || argv.includes('--no-resume')) return ''
  return 'Run the same command again: it goes on where it stopped.\n'
}

/** `crossdock list-tags … | head -1` is no failure worth a stack trace. */
function endQuietlyWithoutReader(stdout: NodeJS.WriteStream): void {
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(141)
    throw error
  })
}
