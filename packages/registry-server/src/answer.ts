import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { applyFaults } from './apply-faults.ts'
import type { Exchange, Registry } from './exchange.ts'
import { ConnectionEnd, withBody } from './fault-call.ts'
import type { CountingFaultScript } from './faults.ts'
import { handle } from './handle.ts'
import { createPace, paced, pacedUpload, type Pace } from './pace.ts'
import type { OpenRecord, RecordedRequest, Recorder } from './recorder.ts'
import { Refusal, refusalReply } from './refusal.ts'
import type { Reply } from './reply.ts'
import { findRoute } from './route.ts'
import { endConnection, send } from './send.ts'

/** What one listener answers with. */
export interface Answering {
  readonly registry: Registry
  readonly recorder: Recorder
  readonly faults: CountingFaultScript
  /** Aborted when the server closes. */
  readonly ending: AbortSignal
  readonly scheme: 'http' | 'https'
  /** Set for a listener that is a token service and nothing else. */
  readonly onlyTokens: boolean
}

/** Answers one request. Never rejects: what cannot be answered ends the connection. */
export async function answer(answering: Answering, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { recorder } = answering
  const { socket } = request // a request that breaks off loses it
  const { exchange, record } = openExchange(answering, request, response)
  try {
    const reply = await reckon(answering, exchange, record)
    record.status = reply.status
    await send(response, throttled(answering, exchange, { reply, socket }), {
      isHead: exchange.method === 'HEAD',
      signal: exchange.signal,
      onBytes: (bytes) => recorder.sent(record, bytes),
    })
    if (!request.complete) request.resume() // what nobody wanted to read stands before the next request
  } catch (error) {
    // Otherwise the client left, or what is stored broke in the middle of the answer: there is nobody to tell.
    if (error instanceof ConnectionEnd) await endConnection(socket, error.how, exchange.signal)
    else exchange.drop()
  }
  notify(answering.registry, record)
}

async function reckon(answering: Answering, exchange: Exchange, record: OpenRecord): Promise<Reply> {
  const { registry, faults } = answering
  const hits = faults.hits(exchange)
  record.faults.push(...hits.map(({ action }) => action.kind))
  try {
    return await applyFaults(registry, { exchange, hits }, async (current) => {
      return announcing(
        registry,
        await refusalsAsReplies(current, async () => await admitAndHandle(answering, current)),
      )
    })
  } catch (error) {
    return errorReply(exchange, error)
  }
}

/** Every answer says whether there is the signature extension. */
function announcing({ options }: Registry, reply: Reply): Reply {
  if (!options.behaviour.signatureExtension) return reply
  return { ...reply, headers: { ...reply.headers, 'x-registry-supports-signatures': '1' } }
}

/** Faults see a refusal as the answer that it becomes. */
async function refusalsAsReplies(exchange: Exchange, run: () => Promise<Reply>): Promise<Reply> {
  try {
    return await run()
  } catch (error) {
    return errorReply(exchange, error)
  }
}

function errorReply(exchange: Exchange, error: unknown): Reply {
  if (error instanceof Refusal) return refusalReply(error)
  if (error instanceof ConnectionEnd) throw error
  exchange.signal.throwIfAborted()
  const message = error instanceof Error ? error.message : 'the request failed'
  return refusalReply(new Refusal(500, { code: 'UNKNOWN', message }))
}

async function admitAndHandle({ registry, onlyTokens }: Answering, exchange: Exchange): Promise<Reply> {
  const { auth } = registry
  if (exchange.route.kind === 'token' && auth?.token !== undefined) return await auth.token(exchange)
  if (onlyTokens) throw new Refusal(404, { code: 'UNSUPPORTED', message: 'this is a token service' })
  return await handle(registry, auth === undefined ? exchange : auth.admit(exchange))
}

function openExchange(
  { recorder, ending, scheme, registry }: Answering,
  request: IncomingMessage,
  response: ServerResponse,
): { readonly exchange: Exchange; readonly record: OpenRecord } {
  const { headers, method = 'GET' } = request
  const [path, queryText] = splitTarget(request.url ?? '/')
  const query = new URLSearchParams(queryText)
  const route = findRoute(method, path, query)
  const record = recorder.begin({ method, path, query: queryText, route: route.kind, headers })
  const gone = new AbortController()
  const { socket } = request
  response.once('close', () => gone.abort())
  const signal = AbortSignal.any([gone.signal, ending])
  const { bytesPerSecond } = registry.options.limits
  const body = counted(request.iterator({ destroyOnReturn: false }), (bytes) => recorder.received(record, bytes))
  const exchange: Exchange = {
    method,
    path,
    query,
    headers,
    route,
    body: bytesPerSecond === Infinity ? body : pacedUpload(body, paceOf(UPLOAD_PACES, socket, bytesPerSecond), signal),
    bodySize: announcedSize(request),
    origin: `${scheme}://${headers.host ?? 'localhost'}`,
    signal,
    mayRead: () => true,
    drop: () => void socket.destroy(),
  }
  return { exchange, record }
}

/** Path and query of a request target, which a proxy's client sends with the origin in front. */
function splitTarget(target: string): readonly [string, string] {
  const local = target.replace(/^https?:\/\/[^/]*/i, '')
  const mark = local.indexOf('?')
  return mark < 0 ? [local, ''] : [local.slice(0, mark), local.slice(mark + 1)]
}

function announcedSize({ headers }: IncomingMessage): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined
  return Number(headers['content-length'] ?? 0)
}

async function* counted(body: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const bytes of body) {
    onBytes(bytes.byteLength)
    yield bytes
  }
}

const UPLOAD_PACES = new WeakMap<Socket, Pace>()
const DOWNLOAD_PACES = new WeakMap<Socket, Pace>()

function throttled(
  { registry }: Answering,
  { signal }: Exchange,
  { reply, socket }: { readonly reply: Reply; readonly socket: Socket },
): Reply {
  const { bytesPerSecond } = registry.options.limits
  if (bytesPerSecond === Infinity) return reply
  const pace = paceOf(DOWNLOAD_PACES, socket, bytesPerSecond)
  return withBody(reply, reply.body?.size, (bytes) => paced(bytes, pace, signal))
}

/** One pace for all requests of a connection. */
function paceOf(paces: WeakMap<Socket, Pace>, socket: Socket, bytesPerSecond: number): Pace {
  const pace = paces.get(socket) ?? createPace(bytesPerSecond)
  paces.set(socket, pace)
  return pace
}

function notify(registry: Registry, record: RecordedRequest): void {
  try {
    registry.options.onRequest?.(record)
  } catch {
    // A broken listener is the listener's problem: the registry goes on.
  }
}
