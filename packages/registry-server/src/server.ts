import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Exchange, Registry } from './exchange.ts'
import { handle } from './handle.ts'
import { resolveOptions, type RegistryServerOptions } from './options.ts'
import {
  createRecorder,
  type OpenRecord,
  type Recorder,
  type RecordedRequest,
  type RegistryCounters,
} from './recorder.ts'
import { Refusal, refusalReply } from './refusal.ts'
import type { Reply } from './reply.ts'
import { findRoute } from './route.ts'
import { send } from './send.ts'
import { createSessions } from './sessions.ts'
import type { RegistryStorage } from './storage.ts'

/** A registry that is listening. */
export interface RegistryServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/` */
  readonly url: URL
  /** `127.0.0.1:PORT`, as it stands in an image name. */
  readonly host: string
  /** The latest requests, oldest first. */
  readonly requests: readonly RecordedRequest[]
  readonly counters: RegistryCounters
  readonly storage: RegistryStorage
  /** Ends every connection at once; what was received of open uploads is kept. */
  close(): Promise<void>
}

/** Starts a registry (distribution-spec 1.1). Rejects if the address is taken or the storage cannot be opened. */
export async function startRegistry(options: RegistryServerOptions = {}): Promise<RegistryServer> {
  const resolved = resolveOptions(options)
  const { storage } = resolved
  const recorder = createRecorder(resolved.limits.maxRecordedRequests)
  const registry: Registry = { storage, options: resolved, sessions: createSessions() }
  const running = new Set<Promise<void>>()
  const ending = new AbortController()

  await storage.open()
  const server = createServer((request, response) => {
    const answered = answer({ registry, recorder, ending: ending.signal }, request, response)
    running.add(answered)
    void answered.finally(() => running.delete(answered))
  })
  server.requestTimeout = 0 // an upload may take as long as it takes
  server.keepAliveTimeout = 60_000
  const port = await listen(server, resolved).catch(async (error: unknown) => {
    await storage.close()
    throw error
  })
  const host = `${resolved.host.includes(':') ? `[${resolved.host}]` : resolved.host}:${port}`

  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    ending.abort()
    const stopped = new Promise<void>((resolve) => void server.close(() => resolve()))
    server.closeAllConnections()
    await stopped
    await Promise.all(running)
    await storage.close()
  }
  return {
    url: new URL(`http://${host}/`),
    host,
    requests: recorder.requests,
    counters: recorder.counters,
    storage,
    close: () => (closed ??= close()),
    [Symbol.asyncDispose]: () => (closed ??= close()),
  }
}

async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

interface Setting {
  readonly registry: Registry
  readonly recorder: Recorder
  readonly ending: AbortSignal
}

/** Never rejects: what cannot be answered ends the connection. */
async function answer(setting: Setting, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { registry, recorder } = setting
  const { exchange, record } = openExchange(setting, request, response)
  try {
    const reply = await reckon(registry, exchange)
    record.status = reply.status
    await send(response, reply, {
      isHead: exchange.method === 'HEAD',
      signal: exchange.signal,
      onBytes: (bytes) => recorder.sent(record, bytes),
    })
  } catch {
    // The client left, or what is stored broke in the middle of the answer: either way there is nobody to tell.
    exchange.drop()
  }
  notify(registry, record)
}

async function reckon(registry: Registry, exchange: Exchange): Promise<Reply> {
  try {
    return await handle(registry, exchange)
  } catch (error) {
    if (error instanceof Refusal) return refusalReply(error)
    exchange.signal.throwIfAborted()
    return refusalReply(
      new Refusal(500, { code: 'UNKNOWN', message: error instanceof Error ? error.message : 'failed' }),
    )
  }
}

function openExchange(
  { recorder, ending }: Setting,
  request: IncomingMessage,
  response: ServerResponse,
): { readonly exchange: Exchange; readonly record: OpenRecord } {
  const method = request.method ?? 'GET'
  const target = (request.url ?? '/').replace(/^https?:\/\/[^/]*/i, '')
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const queryText = mark < 0 ? '' : target.slice(mark + 1)
  const query = new URLSearchParams(queryText)
  const route = findRoute(method, path, query)
  const { headers } = request
  const record = recorder.begin({ method, path, query: queryText, route: route.kind, headers })
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const length = headers['content-length']
  const hasBody = length !== undefined || headers['transfer-encoding'] !== undefined
  const exchange: Exchange = {
    method,
    path,
    query,
    headers,
    route,
    body: counted(request, (bytes) => recorder.received(record, bytes)),
    bodySize: hasBody ? (length === undefined ? undefined : Number(length)) : 0,
    origin: `http://${headers.host ?? 'localhost'}`,
    signal: AbortSignal.any([gone.signal, ending]),
    drop: () => void request.socket.destroy(),
  }
  return { exchange, record }
}

async function* counted(body: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const bytes of body) {
    onBytes(bytes.byteLength)
    yield bytes
  }
}

function notify(registry: Registry, record: RecordedRequest): void {
  try {
    registry.options.onRequest?.(record)
  } catch {
    // A broken listener is the listener's problem: the registry goes on.
  }
}
