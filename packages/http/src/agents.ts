import { Socket } from 'node:net'
import type * as Undici from 'undici'
import type { buildConnector, Dispatcher } from 'undici'
import { CLIENT_CLOSED } from './network-error.ts'
import { proxyFor } from './proxy.ts'
import type { ResolvedOptions, TlsOptions } from './options.ts'

/** The connections to one origin. */
export interface Agent {
  readonly dispatcher: Dispatcher
  /** A request begins to wait for a connection; call the result once it has one or gives up. */
  enter(): () => void
  /** An answer has ended: its connection is free with the next turn of the event loop. */
  freed(): void
  /** Resolves at once, or when a connection that has just been freed can be taken; without it a new one would be opened. */
  ready(): Promise<void>
}

export interface Agents {
  /** `base` is what the user named, where `url` came from a server: its certificate authorities count there, too. */
  get(url: URL, base: URL | undefined): Promise<Agent>
  /** Ends every connection; the next `get` begins anew. */
  close(): Promise<void>
}

type Connector = buildConnector.connector

const MAX_HEAD_BYTES = 64 * 1024

/** One set of connections for each origin. undici is loaded with the first of them. */
export function createAgents(options: ResolvedOptions): Agents {
  const agents = new Map<string, Promise<Agent & { end(): Promise<void> }>>()

  async function create(url: URL, base: URL | undefined): Promise<Agent & { end(): Promise<void> }> {
    const [undici, tls] = await Promise.all([import('undici'), tlsFor(url, base, options)])
    const connecting = new Set<Socket>()
    const dispatcher = createDispatcher({ undici, url, tls, options, connecting })
    let waiting = 0
    let freeing: Promise<void> | undefined
    const drop = (reason: Error): void => {
      for (const socket of connecting) socket.destroy(reason)
    }
    return {
      dispatcher,
      enter() {
        let waits = true
        waiting += 1
        return () => {
          if (!waits) return
          waits = false
          waiting -= 1
          if (waiting === 0) drop(new Error('nobody waited for this connection any more'))
        }
      },
      freed() {
        freeing ??= new Promise((resolve) => {
          // undici frees it in an immediate that it sets after telling of the end; this one comes after that.
          queueMicrotask(() => {
            setImmediate(() => {
              freeing = undefined
              resolve()
            })
          })
        })
      },
      ready: () => freeing ?? Promise.resolve(),
      async end() {
        const closed = Object.assign(new Error('the client was closed'), { code: CLIENT_CLOSED })
        drop(closed)
        await dispatcher.destroy(closed)
      },
    }
  }

  return {
    get(url, base) {
      const foreign = base !== undefined && base.origin !== url.origin
      const key = foreign ? `${url.origin} for ${base.origin}` : url.origin
      const known = agents.get(key)
      if (known !== undefined) return known
      const agent = create(url, foreign ? base : undefined)
      agents.set(key, agent)
      agent.catch(() => agents.delete(key)) // the next request asks again
      return agent
    },
    async close() {
      const open = [...agents.values()]
      agents.clear()
      await Promise.all(open.map((agent) => agent.then((known) => known.end()).catch(() => undefined)))
    },
  }
}

/** Never the client certificate of another host: a server could have it presented wherever it likes. */
async function tlsFor(url: URL, base: URL | undefined, options: ResolvedOptions): Promise<TlsOptions> {
  const own = url.protocol === 'https:' ? await options.tls(url) : undefined
  if (own !== undefined || base === undefined) return own ?? {}
  const { ca, rejectUnauthorized } = (await options.tls(base)) ?? {}
  return { ca, rejectUnauthorized }
}

interface DispatcherParts {
  readonly undici: typeof Undici
  readonly url: URL
  readonly tls: TlsOptions
  readonly options: ResolvedOptions
  readonly connecting: Set<Socket>
}

function createDispatcher(parts: DispatcherParts): Dispatcher {
  const { undici, url, options } = parts
  const settings = { allowH2: false, maxHeaderSize: MAX_HEAD_BYTES, pipelining: 1 }
  const proxy = proxyFor(url, options.proxy, options.env)
  if (proxy === undefined) return new undici.Pool(url.origin, { ...settings, connect: connector(parts) })
  const timeout = options.connectTimeoutMs + options.tlsTimeoutMs
  return new undici.ProxyAgent({
    ...settings,
    uri: proxy.href,
    connectTimeout: timeout,
    requestTls: { ...nodeTls(parts.tls), allowH2: false, timeout },
  })
}

/** TCP first, then TLS on top, so that each has its own time limit and a connection nobody waits for can be ended. */
function connector({ undici, tls, options, connecting }: DispatcherParts): Connector {
  const tcp = undici.buildConnector({ timeout: options.connectTimeoutMs, allowH2: false })
  const secure = undici.buildConnector({ ...nodeTls(tls), timeout: options.tlsTimeoutMs, allowH2: false })
  const open = (connect: Connector, target: buildConnector.Options, callback: buildConnector.Callback): void => {
    // The types leave out that undici's connectors return the socket while it is still connecting.
    const started: unknown = connect(target, (...result) => {
      if (started instanceof Socket) connecting.delete(started)
      callback(...result)
    })
    if (started instanceof Socket) connecting.add(started)
  }
  return (target, callback) => {
    const port = target.port === '' ? (target.protocol === 'https:' ? '443' : '80') : target.port
    const { servername: _unused, ...plain } = { ...target, port, protocol: 'http:' }
    open(tcp, plain, (error, socket) => {
      if (error !== null) callback(error, null)
      else if (target.protocol !== 'https:') callback(null, socket)
      else open(secure, { ...target, port, httpSocket: socket }, callback)
    })
  }
}

function nodeTls(tls: TlsOptions): buildConnector.BuildOptions {
  const { ca, cert, key, rejectUnauthorized } = tls
  const authorities = typeof ca === 'string' || ca instanceof Uint8Array ? [ca] : ca
  return {
    // Never by the environment: NODE_TLS_REJECT_UNAUTHORIZED would switch verification off for every host.
    rejectUnauthorized: rejectUnauthorized ?? true,
    minVersion: 'TLSv1.2',
    ...(authorities !== undefined && { ca: authorities.map(pem) }),
    ...(cert !== undefined && { cert: pem(cert) }),
    ...(key !== undefined && { key: pem(key) }),
  }
}

function pem(value: string | Uint8Array): string | Buffer {
  return typeof value === 'string' ? value : Buffer.from(value)
}
