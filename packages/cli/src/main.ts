import type { ProgressEvent } from '@crossdock/core'
import { CommanderError } from 'commander'
import { debugText } from './debug-text.ts'
import { ignoreUnverifiedTls } from './environment.ts'
import { describeFailure, type Failure, failureJson, failureLine } from './failure.ts'
import { attachBooleans, type Flags, isSet, numberFlag, spellOutVerbose } from './flags.ts'
import { listenForInterruption } from './interruption.ts'
import type { Invocation, Terminal } from './invocation.ts'
import type { RunningCommand } from './next-step.ts'
import { formatJson } from './output/json.ts'
import { createProgram } from './program.ts'
import { describeEvent } from './progress/progress-state.ts'
import { createReadingStatus } from './progress/reading-status.ts'
import { createLineReader } from './streams/line-reader.ts'
import { createWriter, type Writer } from './streams/writer.ts'
import { usageError } from './usage-error.ts'

/** Runs the command line and returns its exit code. `argv` is without the interpreter and the script. */
export function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  return runCommand(argv, { terminal, writer: createWriter(terminal.stdout, terminal.stderr) })
}

interface Surroundings {
  readonly terminal: Terminal
  readonly writer: Writer
}

async function runCommand(argv: readonly string[], { terminal, writer }: Surroundings): Promise<number> {
  const call: { command: string; running?: RunningCommand } = { command: 'crossdock' }
  const help: string[] = []
  const program = createProgram(
    createInvocation({ terminal, writer }, () => call.running?.flags ?? {}),
    {
      onCommand: (command) => (call.command = command),
      onAction: (running) => {
        call.running = running
        ignoreUnverifiedTls(terminal, writer)
      },
      onHelp: (text) => help.push(text),
    },
  )
  try {
    await program.parseAsync(spellOutVerbose(attachBooleans(argv)), { from: 'user' })
    return 0
  } catch (error) {
    const ended = await afterHelp(error, { help, writer, command: call.command })
    if (ended === undefined) return 0
    const failure = describeFailure(ended, call.running)
    if (isSet(call.running?.flags ?? {}, 'debug')) writer.note(debugText(ended))
    if (failure.message !== '') writer.note(shown(failure, argv))
    return failure.exitCode
  }
}

/** The parser throws for everything that ends the call early, help and version among it. What is left is a failure. */
async function afterHelp(
  error: unknown,
  { help, writer, command }: { readonly help: readonly string[]; readonly writer: Writer; readonly command: string },
): Promise<unknown> {
  if (!(error instanceof CommanderError)) return error
  if (error.exitCode !== 0) return usageError(error, command)
  try {
    await writer.print(help.join(''))
    return undefined
  } catch (failure) {
    return failure
  }
}

function createInvocation({ terminal, writer }: Surroundings, flags: () => Flags): Invocation {
  const { stdout, stderr, env } = terminal
  const status = stderr.isTTY && env['TERM'] !== 'dumb' ? createReadingStatus(stderr) : undefined
  const note = (text: string): void => {
    status?.clear()
    writer.note(text)
  }
  return {
    terminal,
    print: (data) => {
      if (stdout.isTTY) status?.stop()
      return writer.print(data)
    },
    note,
    readLine: createLineReader(terminal),
    run: async (action) => {
      const interruptible = listenForInterruption(numberFlag(flags(), 'commandTimeout'))
      try {
        const onProgress = (event: ProgressEvent): void => {
          status?.update(event)
          noteEvent(event, note)
        }
        await action({ signal: interruptible.signal, onProgress })
      } finally {
        status?.stop()
        interruptible.stop()
      }
    },
  }
}

function noteEvent(event: ProgressEvent, note: (text: string) => void): void {
  const line = describeEvent(event)
  if (line !== undefined) note(`${line}\n`)
}

/** The command line may be what is wrong, so that its flags cannot be asked. */
const WANTS_JSON = /\0--(?:error-format|progress)[\0=]json\0/

function shown(failure: Failure, argv: readonly string[]): string {
  const wantsJson = WANTS_JSON.test(`\0${argv.join('\0')}\0`)
  return wantsJson ? `${formatJson(failureJson(failure))}\n` : `crossdock: ${failureLine(failure)}\n`
}
