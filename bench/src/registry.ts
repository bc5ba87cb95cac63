import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Certificate } from './certificate.ts'
import { askRegistry, type RegistryAddress } from './registry-client.ts'

/** A registry process with a storage of its own. */
export interface Registry {
  readonly address: RegistryAddress
  /** Ends the process and removes what it stored. */
  close(): Promise<void>
}

export interface StartRegistryOptions {
  /** Path of a docker-registry binary. Default: the registry of this project. */
  readonly binary?: string | undefined
  /** Does not exist yet. */
  readonly folder: string
  /** Speaks TLS with it. Default: plain http. */
  readonly certificate?: Certificate | undefined
}

const READY_MS = 15_000

export async function startRegistry(options: StartRegistryOptions): Promise<Registry> {
  const { folder, certificate } = options
  await mkdir(folder, { recursive: true })
  const address = { port: await freePort(), tls: certificate !== undefined }
  const [command = '', ...rest] = await commandLine(options, address.port)
  const child = spawn(command, rest, { stdio: 'ignore', detached: true })
  const ended = once(child, 'exit').catch((error: unknown) => error)
  const close = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await untilReady(address, child)
  } catch (error) {
    await close()
    throw error
  }
  return { address, close }
}

async function commandLine(options: StartRegistryOptions, port: number): Promise<readonly string[]> {
  const { binary, folder, certificate } = options
  const storage = join(folder, 'storage')
  if (binary === undefined) {
    const tls = certificate === undefined ? [] : [certificate.certPath, certificate.keyPath]
    const script = fileURLToPath(new URL('./embedded-registry.ts', import.meta.url))
    return [process.execPath, script, String(port), storage, ...tls]
  }
  const tls = certificate && { tls: { certificate: certificate.certPath, key: certificate.keyPath } }
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, ...tls },
  }
  const path = join(folder, 'config.json')
  await writeFile(path, JSON.stringify(config)) // JSON is YAML.
  return [binary, 'serve', path]
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

async function untilReady(address: RegistryAddress, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + READY_MS
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the registry ended at once with code ${child.exitCode}`)
    const answer = await askRegistry(address, { method: 'GET', path: '/v2/' }).catch(() => undefined)
    if (answer?.status === 200) return
    await wait(10)
  }
  throw new Error(`the registry does not answer on port ${address.port}`)
}
