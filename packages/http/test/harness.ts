import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { ProgressEvent } from '@crossdock/core'
import { onTestFinished } from 'vitest'
import {
  createHttpClient,
  type Clock,
  type HttpClient,
  type HttpClientOptions,
  type HttpRequest,
} from '../src/index.ts'

export type Script = (request: IncomingMessage, response: ServerResponse, count: number) => void | Promise<void>

export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
}

export interface TestServer {
  readonly url: URL
  readonly host: string
  readonly port: number
  readonly seen: SeenRequest[]
  /** Connections that were ever opened. */
  readonly sockets: Set<Socket>
  at(path: string): URL
  close(): Promise<void>
}

/** A server on a free port of 127.0.0.1 that answers by script and remembers what it was asked; it ends with the test. */
export async function serve(script: Script, tls?: ServerOptions): Promise<TestServer> {
  const seen: SeenRequest[] = []
  const listener: RequestListener = (request, response) => {
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers })
    void (async () => script(request, response, seen.length))()
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = new URL(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/`)
  let open = true
  const close = async (): Promise<void> => {
    if (!open) return
    open = false
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  onTestFinished(close)
  return { url, host: url.host, port, seen, sockets, at: (path) => new URL(path, url), close }
}

/** Time that passes only where somebody waits for it. */
export interface FakeClock extends Clock {
  readonly delays: number[]
  pass(ms: number): void
}

function fakeClock(): FakeClock {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const delays: number[] = []
  return {
    delays,
    now: () => now,
    pass: (ms) => void (now += ms),
    async delay(ms, signal) {
      signal?.throwIfAborted()
      delays.push(ms)
      now += ms
      await Promise.resolve()
    },
  }
}

export interface TestClient extends HttpClient {
  readonly clock: FakeClock
  readonly events: ProgressEvent[]
  get(url: URL, options?: Partial<HttpRequest>): ReturnType<HttpClient['request']>
}

/** A client with a clock that does not wait, no proxy and no jitter; it ends with the test. */
export function client(options: HttpClientOptions = {}): TestClient {
  const clock = fakeClock()
  const http = createHttpClient({ clock, random: () => 1, env: {}, ...options })
  onTestFinished(() => http.close())
  const events: ProgressEvent[] = []
  const onProgress = (event: ProgressEvent): void => void events.push(event)
  return {
    ...http,
    clock,
    events,
    get: (url, request = {}) => http.request({ method: 'GET', url, what: 'thing', onProgress, ...request }),
  }
}

export async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  return (await bytesOf(body)).toString('utf8')
}

/** The error that a promise fails with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error & { code?: string; retryable?: boolean }> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
  throw new Error('it did not fail')
}

/** Everything a client sent, to look for what should not be in it. */
export function sentTo(server: TestServer): string {
  return JSON.stringify(server.seen)
}
