import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** The name under which the servers of a test are asked for through the proxy: it takes every host for this machine. */
export const PROXIED_HOST = 'registry.test'

/**
 * A proxy that passes on bytes as they come, in both directions, with every end and reset, so that a server can say what it
 * likes. It ends with the test.
 */
export async function startByteProxy(): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('data', (first: Buffer) => begin(socket, first, sockets))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return `http://127.0.0.1:${address.port}`
}

const TUNNEL = /^CONNECT [^ :]+:(\d+) [^]*?\r\n\r\n/
/** What a proxy is asked: for a whole URL. */
const PLAIN = /^([A-Z]+) http:\/\/[^/ :]+:(\d+)/

function begin(socket: Socket, first: Buffer, sockets: Set<Socket>): void {
  const text = first.toString('latin1')
  const port = Number(TUNNEL.exec(text)?.[1] ?? PLAIN.exec(text)?.[2])
  const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  sockets.add(upstream)
  for (const [from, to] of [
    [socket, upstream],
    [upstream, socket],
  ] as const) {
    from.on('error', () => to.resetAndDestroy())
    from.on('close', () => to.destroy())
  }
  upstream.pipe(socket)
  if (TUNNEL.test(text)) upstream.once('connect', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
  else upstream.write(asServersAreAsked(first))
  socket.on('data', (bytes: Buffer) => {
    if (!upstream.write(asServersAreAsked(bytes))) socket.pause()
  })
  upstream.on('drain', () => socket.resume())
  socket.on('end', () => upstream.end())
}

function asServersAreAsked(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1')
  return PLAIN.test(text) ? Buffer.from(text.replace(PLAIN, '$1 '), 'latin1') : bytes
}
