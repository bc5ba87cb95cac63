import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { onTestFinished } from 'vitest'

/** A server that says what it likes, HTTP or not, on a free port; it ends with the test. */
export interface RawServer {
  readonly url: URL
  /** Connections that were opened, in order. */
  readonly sockets: Socket[]
  /** Resolves with the socket number `count`, from 1 on, as soon as there is one. */
  socket(count: number): Promise<Socket>
  /** Connections that are open. */
  readonly open: number
  close(): Promise<void>
}

export interface RawServerOptions {
  readonly tls?: TlsOptions | undefined
  readonly host?: string | undefined
}

export async function serveRaw(
  talk: (socket: Socket, count: number) => void,
  options: RawServerOptions = {},
): Promise<RawServer> {
  const { tls, host = '127.0.0.1' } = options
  const sockets: Socket[] = []
  const open = new Set<Socket>()
  const waiting = new Map<number, (socket: Socket) => void>()
  const accept = (socket: Socket): void => {
    sockets.push(socket)
    open.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => open.delete(socket))
    waiting.get(sockets.length)?.(socket)
    talk(socket, sockets.length)
  }
  const server: Server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept)
  server.on('tlsClientError', () => undefined)
  server.listen(0, host)
  await once(server, 'listening')
  let isOpen = true
  const close = async (): Promise<void> => {
    if (!isOpen) return
    isOpen = false
    server.close()
    for (const socket of open) socket.destroy()
    await once(server, 'close')
  }
  onTestFinished(close)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  const name = host.includes(':') ? `[${host}]` : host
  return {
    url: new URL(`${tls === undefined ? 'http' : 'https'}://${name}:${address.port}/`),
    sockets,
    socket(count) {
      const known = sockets[count - 1]
      return known === undefined ? new Promise((resolve) => waiting.set(count, resolve)) : Promise.resolve(known)
    },
    get open() {
      return open.size
    },
    close,
  }
}

/** Says the text for each request without a body. */
export function answering(text: string): (socket: Socket) => void {
  return (socket) => {
    let seen = ''
    socket.on('data', (bytes: Buffer) => {
      seen += bytes.toString('latin1')
      for (let end = seen.indexOf('\r\n\r\n'); end >= 0; end = seen.indexOf('\r\n\r\n')) {
        seen = seen.slice(end + 4)
        socket.write(text)
      }
    })
  }
}
