import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { main } from '../src/main.ts'

export interface Called {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface Surroundings {
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  /** What every write to stdout, or stderr, fails with. */
  readonly stdoutFailure?: Error
  readonly stderrFailure?: Error
}

/** Nothing that the machine has configured reaches the command. */
const NOWHERE = join(tmpdir(), 'crossdock-no-such-folder')

/** The command in this process, with streams of its own. */
export async function callMain(argv: readonly string[], surroundings: Surroundings = {}): Promise<Called> {
  const stdin = new PassThrough()
  stdin.end(surroundings.stdin ?? '')
  const [stdout, stderr] = [collecting(surroundings.stdoutFailure), collecting(surroundings.stderrFailure)]
  const exitCode = await main(argv, {
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: { HOME: NOWHERE, CROSSDOCK_CONFIG_ROOT: NOWHERE, ...surroundings.env },
  })
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() }
}

/** The command only writes to it. */
function collecting(failure: Error | undefined): { readonly stream: NodeJS.WriteStream; readonly text: () => string } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      if (failure === undefined) chunks.push(chunk)
      done(failure)
    },
  }) as NodeJS.WriteStream
  return { stream, text: () => Buffer.concat(chunks).toString() }
}
