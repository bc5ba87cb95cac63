import type { ClientRequest, IncomingMessage } from 'node:http'
import type { request as openTls, RequestOptions } from 'node:https'
import { isIP } from 'node:net'
import { raceSignal, withTimeout } from '@crossdock/streams'
import { connectionError, unusableCertificates } from '../errors.ts'
import type { EngineCertificates } from './certificates.ts'
import type { EngineHost } from './host.ts'

/** How an engine is reached. */
export interface EngineAddress {
  readonly host: EngineHost
  readonly certificates: EngineCertificates
  readonly insecure: boolean
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
}

export interface ExchangeRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** A request on a connection of its own, and its answer. Disposing ends the connection, whatever has come or gone until then. */
export interface Exchange extends AsyncDisposable {
  readonly request: ClientRequest
  /** The head of the answer. Rejects with what went wrong on the connection. */
  readonly answer: Promise<IncomingMessage>
  /** Waits for the engine: the signal's reason, and `UNAVAILABLE` when it was silent for too long, come out. */
  wait<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value>
}

/** Begins a request and waits for the connection. Throws `UNAVAILABLE` or `FORBIDDEN` saying why there is none. */
export async function openExchange(
  address: EngineAddress,
  asked: ExchangeRequest,
  signal: AbortSignal | undefined,
): Promise<Exchange> {
  signal?.throwIfAborted()
  const { host, connectTimeoutMs, idleTimeoutMs } = address
  const { request, answer, connected } = await begin(address, asked)
  const closed = new Promise<void>((resolve) => void request.once('close', resolve))
  const exchange: Exchange = {
    request,
    answer,
    wait: (promise, waitSignal) =>
      withTimeout(async () => await promise, {
        timeoutMs: idleTimeoutMs,
        what: `the answer of the engine at ${host.text}`,
        signal: waitSignal,
      }),
    async [Symbol.asyncDispose]() {
      request.destroy()
      await closed
    },
  }
  try {
    await withTimeout(async (either) => await raceSignal(connected, either), {
      timeoutMs: connectTimeoutMs,
      what: `connecting to the engine at ${host.text}`,
      signal,
    })
    return exchange
  } catch (reason) {
    await exchange[Symbol.asyncDispose]()
    throw reason
  }
}

interface Begun {
  readonly request: ClientRequest
  readonly answer: Promise<IncomingMessage>
  readonly connected: Promise<void>
}

async function begin(address: EngineAddress, { method, path, headers }: ExchangeRequest): Promise<Begun> {
  const { host } = address
  const isTls = 'tls' in host.at && host.at.tls
  const options: RequestOptions = { method, path, headers: { ...headers }, agent: false, ...placeOf(address) }
  // Loading these takes longer than a short command, which mostly needs no engine.
  const { request: open } = isTls ? await import('node:https') : await import('node:http')
  const request = beginWith(open, options, host)
  const answer = Promise.withResolvers<IncomingMessage>()
  const connected = Promise.withResolvers<void>()
  request.once('socket', (socket) => {
    socket.once(isTls ? 'secureConnect' : 'connect', () => connected.resolve())
  })
  request.once('response', answer.resolve)
  // It may fail several times; what follows an answer is for whoever reads its body.
  request.on('error', (reason) => {
    const failure = connectionError(reason, host)
    answer.reject(failure)
    connected.reject(failure)
  })
  request.once('close', () => answer.reject(connectionError(undefined, host)))
  answer.promise.catch(ignore) // whoever waits for it is told
  connected.promise.catch(ignore)
  return { request, answer: answer.promise, connected: connected.promise }
}

/** Certificates are looked at here. */
function beginWith(open: typeof openTls, options: RequestOptions, host: EngineHost): ClientRequest {
  try {
    return open(options)
  } catch (reason) {
    throw unusableCertificates(reason, host)
  }
}

function placeOf({ host, certificates, insecure }: EngineAddress): RequestOptions {
  const { at } = host
  if ('path' in at) return { socketPath: at.path }
  const { hostname, port, tls } = at
  if (!tls) return { host: hostname, port }
  const secured = {
    ...certificates,
    // Never by the environment: NODE_TLS_REJECT_UNAUTHORIZED would switch verification off for every host.
    rejectUnauthorized: !insecure,
    minVersion: 'TLSv1.2' as const,
    ...(isIP(hostname) === 0 && { servername: hostname }),
  }
  return { host: hostname, port, ...secured }
}

function ignore(): void {}
