import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { main } from '@crossdock/cli'
import type { FinishedProcess } from './start-process.ts'

/** Runs one command line to its end. */
export type RunCommand = (argv: readonly string[]) => Promise<FinishedProcess>

/**
 * The command from its sources, in this process: for tables of many calls that a process of its own each would make slow.
 * Sets this process's home and what belongs to it to a folder.
 */
export async function createInProcess(home: string): Promise<RunCommand> {
  const env = {
    HOME: home,
    CROSSDOCK_CONFIG_ROOT: home,
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'data'),
    XDG_RUNTIME_DIR: join(home, 'run'),
  }
  await mkdir(home, { recursive: true })
  Object.assign(process.env, env)
  return async (argv) => {
    const [stdout, stderr] = [captured(), captured()]
    const exitCode = await main(argv, { stdout: stdout.stream, stderr: stderr.stream, env: process.env })
    return { exitCode, stdout: stdout.bytes(), stderr: stderr.bytes().toString('utf8') }
  }
}

/** A stream that is no terminal and keeps what it is given. */
function captured(): { readonly stream: NodeJS.WriteStream; readonly bytes: () => Buffer } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    decodeStrings: true,
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk)
      done()
    },
  })
  return {
    stream: Object.assign(stream, { isTTY: false }) as unknown as NodeJS.WriteStream,
    bytes: () => Buffer.concat(chunks),
  }
}
