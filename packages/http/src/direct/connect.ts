import type { Socket, SocketConstructorOpts, TcpSocketConnectOpts } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { TlsOptions } from '../options.ts'
import { WIRE } from '../network-error.ts'
import { nodeTls } from '../node-tls.ts'

/** Where received bytes go: straight into room of the receiver's own, without a stream in between. */
export type Receiver = NonNullable<SocketConstructorOpts['onread']>

export interface ConnectSettings {
  readonly url: URL
  readonly tls: TlsOptions
  readonly connectTimeoutMs: number
  readonly tlsTimeoutMs: number
  readonly receiver: Receiver
  /** Of an earlier connection to the same origin, to agree on keys sooner. */
  readonly session?: Buffer | undefined
  readonly onSession: (session: Buffer) => void
}

/** A connection on its way. `ready` fails with what went wrong; destroying the socket makes it fail, too. */
export interface Connecting {
  readonly socket: Socket
  readonly ready: Promise<void>
}

/** TCP first, then TLS on top, each with its own time limit. */
export function connect(settings: ConnectSettings): Connecting {
  const secure = settings.url.protocol === 'https:'
  const socket = secure ? connectTls(settings) : connectTcp(settings)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const giveUp = (): void => void socket.destroy(Object.assign(new Error('time-out'), { code: WIRE.connectTimeout }))
  let timer = setTimeout(giveUp, settings.connectTimeoutMs)
  const fail = (reason: unknown): void => {
    clearTimeout(timer)
    reject(reason)
  }
  const closed = (): void => fail(Object.assign(new Error('closed'), { code: WIRE.closed }))
  const done = (): void => {
    clearTimeout(timer)
    socket.off('error', fail).off('close', closed)
    resolve()
  }
  socket.once('error', fail).once('close', closed)
  socket.once('connect', () => {
    if (!secure) return done()
    clearTimeout(timer)
    timer = setTimeout(giveUp, settings.tlsTimeoutMs)
  })
  if (secure) socket.once('secureConnect', done)
  return { socket, ready: promise }
}

function connectTcp({ url, receiver }: ConnectSettings): Socket {
  const { connect: open } = process.getBuiltinModule('node:net')
  return open({ ...address(url), noDelay: true, onread: receiver })
}

function connectTls({ url, tls, receiver, session, onSession }: ConnectSettings): Socket {
  // Loaded when it is needed: a plain connection has no use for it.
  const { connect: open } = process.getBuiltinModule('node:tls')
  const { host } = address(url)
  const { isIP } = process.getBuiltinModule('node:net')
  const options: ConnectionOptions & { readonly onread: Receiver } = {
    ...address(url),
    ...nodeTls(tls),
    ...(isIP(host) === 0 && { servername: serverName(host) }),
    ALPNProtocols: ['http/1.1'],
    onread: receiver,
    ...(session !== undefined && { session }),
  }
  const socket = open(options)
  socket.setNoDelay(true)
  socket.on('session', onSession)
  return socket
}

/** For servers with several certificates; addresses are no names, and the dot of a full name is no part of it (RFC 6066, 3). */
function serverName(host: string): string {
  return host.replace(/\.$/, '')
}

function address({ protocol, hostname, port }: URL): TcpSocketConnectOpts & { readonly host: string } {
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return { host, port: Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port) }
}
