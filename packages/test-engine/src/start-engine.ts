import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createImageStore, type EngineStore, type ImageStore, type StoredImage } from './image-store.ts'
import { readLoad } from './load.ts'
import { explicitName, familiarName } from './names.ts'
import { packTar } from './tar.ts'

export interface EngineOptions {
  /** Default: `classic`. */
  readonly store?: EngineStore | undefined
  /** The system of its images. Default: `linux`. */
  readonly system?: string | undefined
  /** Where it listens: at a socket of its own, or at a port of the loopback address. Default: `socket`. */
  readonly listen?: 'socket' | 'tcp' | undefined
  /** PEM texts, for a port: its certificate and key, and the authority of the clients' certificates, which are then asked for. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string } | undefined
}

export interface EngineRequest {
  readonly method: string
  readonly url: string
  /** Whether it came whole. */
  isWhole: boolean
}

/** An engine with the calls that move images. */
export interface TestEngine extends AsyncDisposable {
  /** As `DOCKER_HOST` has it. */
  readonly host: string
  /** What was asked, in order. */
  readonly requests: readonly EngineRequest[]
  /** Names of its images, spelt out. */
  names(): readonly string[]
  /** Gives it an image as if it had been pulled, under a name with a tag. Its ID. */
  add(name: string, image: StoredImage): string
  /** Resolves when no request is under way. */
  idle(): Promise<void>
}

export async function startEngine(options: EngineOptions = {}): Promise<TestEngine> {
  const { store: kind = 'classic', listen = 'socket', tls, system = 'linux' } = options
  const store = createImageStore(kind)
  const requests: EngineRequest[] = []
  const waiting = new Set<() => void>()
  let underWay = 0
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const noted = { method: request.method ?? '', url: request.url ?? '', isWhole: false }
    requests.push(noted)
    underWay += 1
    response.once('close', () => {
      underWay -= 1
      noted.isWhole = request.complete
      if (underWay === 0) for (const resume of waiting) resume()
    })
    void answer({ store, system }, request, response).catch(() => response.destroy())
  }
  const server =
    tls === undefined
      ? createServer(handle)
      : createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: true }, handle)
  const place = await startListening(server, listen)
  return {
    host: place.host,
    requests,
    names: () => store.names(),
    add: (name, image) => store.add(explicitName(name), image),
    idle: async () => {
      if (underWay > 0) await new Promise<void>((resolve) => void waiting.add(resolve))
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => void server.close(resolve))
      server.closeAllConnections()
      await closed
      await place.remove()
    },
  }
}

interface Place {
  readonly host: string
  readonly remove: () => Promise<void>
}

async function startListening(server: Server, listen: 'socket' | 'tcp'): Promise<Place> {
  const ready = new Promise<void>((resolve, reject) => void server.once('listening', resolve).once('error', reject))
  if (listen === 'tcp') {
    server.listen(0, '127.0.0.1')
    await ready
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    return { host: `tcp://127.0.0.1:${port}`, remove: async () => undefined }
  }
  const folder = await mkdtemp(join(tmpdir(), 'engine-'))
  const isWindows = process.platform === 'win32'
  const path = isWindows ? String.raw`\\.\pipe\${folder.split('\\').at(-1)}` : join(folder, 'docker.sock')
  server.listen(path)
  await ready
  return {
    host: isWindows ? `npipe:${path.replaceAll('\\', '/')}` : `unix://${path}`,
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

interface Surroundings {
  readonly store: ImageStore
  readonly system: string
}

async function answer(
  { store, system }: Surroundings,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://engine')
  const path = pathname.replace(/^\/v\d+\.\d+(?=\/)/, '')
  const saved = /^\/images\/(.+)\/get$/.exec(path)?.[1]
  if (request.method === 'GET' && saved !== undefined) return await save(store, decodeURIComponent(saved), response)
  if (request.method === 'POST' && path === '/images/load') {
    const isQuiet = ['1', 'true'].includes(searchParams.get('quiet') ?? '1')
    return await load({ store, system }, request, { response, isQuiet })
  }
  refuse(response, 404, 'page not found')
}

async function save(store: ImageStore, asked: string, response: ServerResponse): Promise<void> {
  const members = store.save(/^sha256:[0-9a-f]{64}$/.test(asked) ? asked : explicitName(asked))
  if (members === undefined) return refuse(response, 404, `No such image: ${asked}`)
  response.writeHead(200, { 'content-type': 'application/x-tar' })
  response.end(await packTar(members))
}

interface Answering {
  readonly response: ServerResponse
  readonly isQuiet: boolean
}

/** Errors are part of an answer that says that all is well (moby, `api/server/router/image`). */
async function load(
  { store, system }: Surroundings,
  request: IncomingMessage,
  { response, isQuiet }: Answering,
): Promise<void> {
  response.setHeader('content-type', 'application/json')
  const say = (message: object): void => void response.write(`${JSON.stringify(message)}\r\n`)
  try {
    for (const image of await readLoad(request, system)) {
      for (const { packed } of isQuiet ? [] : image.layers) {
        const total = packed.byteLength
        say({ status: 'Loading layer', progressDetail: { current: total, total }, progress: '[=>]', id: 'layer' })
      }
      const id = store.keep(image)
      for (const name of image.names) say({ stream: `Loaded image: ${familiarName(name)}\n` })
      if (image.names.length === 0) say({ stream: `Loaded image ID: ${id}\n` })
    }
  } catch (reason) {
    const message = reason instanceof Error ? reason.message : String(reason)
    say({ errorDetail: { message }, error: message })
  }
  response.end()
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify({ message })}\n`)
}
