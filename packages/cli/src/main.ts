import { inspect } from 'node:util'
import type { ProgressEvent } from '@crossdock/core'
import { describeFailure } from './failure.ts'
import { describeEvent } from './progress/progress-state.ts'
import { attachBooleans, type Flags, isSet, numberFlag } from './flags.ts'
import { hintFor, type RunningCommand } from './hint.ts'
import { listenForInterruption } from './interruption.ts'
import type { Invocation, Terminal } from './invocation.ts'
import { createProgram } from './program.ts'

/** Runs the command line and returns its exit code. `argv` is without the interpreter and the script. */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { stdout, stderr } = terminal
  endQuietlyWithoutReader(stdout)
  const options = { timeoutMs: undefined as number | undefined, debug: false }
  let running: RunningCommand | undefined
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
    const flags = command.optsWithGlobals<Flags>()
    running = { name: command.name(), flags }
    Object.assign(options, { timeoutMs: numberFlag(flags, 'commandTimeout'), debug: isSet(flags, 'debug') })
  })
  try {
    await program.parseAsync([...attachBooleans(argv)], { from: 'user' })
    return 0
  } catch (error) {
    const { exitCode, message } = describeFailure(error)
    if (message !== '') stderr.write(`crossdock: ${message}\n${hintFor(error, running)}`)
    if (options.debug) stderr.write(`${inspect(error)}\n`)
    return exitCode
  }
}

function noteEvent(event: ProgressEvent, stderr: NodeJS.WritableStream): void {
  const line = describeEvent(event)
  if (line !== undefined) stderr.write(`${line}\n`)
}

/** `crossdock list-tags … | head -1` is no failure worth a stack trace. */
function endQuietlyWithoutReader(stdout: NodeJS.WriteStream): void {
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(141)
    throw error
  })
}
