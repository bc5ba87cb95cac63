import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { type DelayOptions, startDelayProxy } from '../src/delay-proxy.ts'

async function listen(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    serve(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function connectThrough(options: DelayOptions): Promise<Socket> {
  const proxy = await startDelayProxy(options)
  const socket = connect(proxy.port, '127.0.0.1')
  onTestFinished(async () => {
    socket.destroy()
    await proxy.close()
  })
  return socket
}

test('an answer takes a round trip, and one more on a new connection', async () => {
  const port = await listen((socket) => socket.pipe(socket))
  const socket = await connectThrough({ port, rttMs: 40 })
  const askedAt = performance.now()
  socket.write('first')
  await once(socket, 'data')
  const first = performance.now() - askedAt
  socket.write('second')
  await once(socket, 'data')
  const second = performance.now() - askedAt - first
  expect(first).toBeGreaterThanOrEqual(78)
  expect(second).toBeGreaterThanOrEqual(38)
})

test('all bytes arrive in order at the rate of the connection', async () => {
  const body = Buffer.from(Array.from({ length: 400_000 }, (_, at) => at % 251))
  const port = await listen((socket) => socket.end(body))
  const startedAt = performance.now()
  const socket = await connectThrough({ port, bytesPerSecond: 2_000_000 })
  expect((await buffer(socket)).equals(body)).toBe(true)
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(190)
})

test('a connection that breaks behind it breaks before it', async () => {
  const port = await listen((socket) => socket.resetAndDestroy())
  const socket = await connectThrough({ port, rttMs: 2 })
  socket.resume()
  socket.on('error', () => {})
  await once(socket, 'close')
  expect(socket.destroyed).toBe(true)
})
