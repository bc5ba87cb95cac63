import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { main, type Terminal } from '@crossdock/cli'
import type { FinishedProcess } from './start-process.ts'

export interface FinishedCommand {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** The line with the failure, without the name of the command; empty if there is none. */
  readonly failure: string
}

export interface CommandOptions {
  /** Default: a home that is not there. What the machine has configured is read only from where this says. */
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly stdin?: string | undefined
}

const NOWHERE = join(tmpdir(), 'crossdock-no-such-folder')

/**
 * Runs the command line in this process, where a hundred runs cost what three processes cost, and where what nobody awaited fails
 * the tests. It is not on a terminal.
 */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<FinishedCommand> {
  const stdin = new PassThrough()
  stdin.end(options.stdin ?? '')
  const [stdout, stderr] = [collector(), collector()]
  const exitCode = await main(argv, {
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: { HOME: NOWHERE, CROSSDOCK_CONFIG_ROOT: NOWHERE, ...options.env },
  })
  return finishedCommand({ exitCode, stdout: await stdout.text(), stderr: await stderr.text() })
}

/** The same of one that ran as a process of its own. */
export function finishedCommand({
  exitCode,
  stdout,
  stderr,
}: Pick<FinishedProcess, 'exitCode' | 'stderr'> & { readonly stdout: Buffer | string }): FinishedCommand {
  const failures = stderr.split('\n').filter((line) => line.startsWith('crossdock: '))
  if (failures.length > 1) throw new Error(`several failures of one command:\n${stderr}`)
  return { exitCode, stdout: stdout.toString(), stderr, failure: failures[0]?.slice('crossdock: '.length) ?? '' }
}

interface Collector {
  readonly stream: Terminal['stdout']
  text(): Promise<string>
}

function collector(): Collector {
  const stream = new PassThrough()
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return {
    // What the command uses of a stream that is no terminal, this one has.
    stream: stream as unknown as Terminal['stdout'],
    text: async () => {
      const ended = once(stream, 'end')
      stream.end()
      await ended
      return Buffer.concat(chunks).toString('utf8')
    },
  }
}
