import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** A registry process with a storage of its own. */
export interface Registry {
  readonly port: number
  /** Ends the process and removes what it stored. */
  close(): Promise<void>
}

export interface StartRegistryOptions {
  /** Path of a docker-registry binary. Default: the registry of this project. */
  readonly binary?: string | undefined
  /** Does not exist yet. */
  readonly folder: string
  readonly crossdock: readonly string[]
}

const READY_MS = 15_000

export async function startRegistry({ binary, folder, crossdock }: StartRegistryOptions): Promise<Registry> {
  await mkdir(folder, { recursive: true })
  const port = await freePort()
  const argv =
    binary === undefined
      ? [...crossdock, 'registry', 'serve', '--port', String(port), '--dir', join(folder, 'storage')]
      : [binary, 'serve', await writeConfig(folder, port)]
  const [command = '', ...rest] = argv
  const child = spawn(command, rest, { stdio: 'ignore', detached: true })
  const ended = once(child, 'exit').catch((error: unknown) => error)
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await untilReady(port, child)
  } catch (error) {
    await close()
    throw error
  }
  return { port, close }
}

async function writeConfig(folder: string, port: number): Promise<string> {
  const path = join(folder, 'config.json')
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'storage') }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}` },
  }
  await writeFile(path, JSON.stringify(config)) // JSON is YAML.
  return path
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

async function untilReady(port: number, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + READY_MS
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the registry ended at once with code ${child.exitCode}`)
    const answer = await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.ok === true) return
    await wait(10)
  }
  throw new Error(`the registry does not answer on port ${port}`)
}
