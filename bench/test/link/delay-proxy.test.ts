import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { type DelayHost, startDelayHost } from '../../src/link/delay-host.ts'
import { type DelayOptions, startDelayProxy } from '../../src/link/delay-proxy.ts'

async function listen(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
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

function dial(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  return socket
}

async function connectThrough(options: Partial<DelayOptions> & { readonly port: number }): Promise<Socket> {
  const proxy = await startDelayProxy({ rttMs: 0, bytesPerSecond: Infinity, ...options })
  onTestFinished(() => proxy.close())
  return dial(proxy.port)
}

const content = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, (_, at) => (at * 7) % 251))

const LINKS = [
  { rttMs: 0, bytesPerSecond: Infinity },
  { rttMs: 2, bytesPerSecond: Infinity },
  { rttMs: 2, bytesPerSecond: 50_000_000 },
]

test.each(LINKS)('all bytes arrive in order, both ways at once: %o', async (link) => {
  const [up, down] = [content(3_000_000), content(2_000_000)]
  const received = Promise.withResolvers<Buffer>()
  const port = await listen((socket) => {
    received.resolve(buffer(socket))
    socket.end(down)
  })
  const socket = await connectThrough({ ...link, port })
  socket.end(up)
  expect((await buffer(socket)).equals(down)).toBe(true)
  expect((await received.promise).equals(up)).toBe(true)
})

test('small pieces keep their order among large ones', async () => {
  const pieces = Array.from({ length: 60 }, (_, at) => content(at % 3 === 0 ? 300_000 : 10 + at))
  const port = await listen((socket) => {
    for (const piece of pieces) socket.write(piece)
    socket.end()
  })
  const socket = await connectThrough({ port, rttMs: 1 })
  expect((await buffer(socket)).equals(Buffer.concat(pieces))).toBe(true)
})

test('one end may stop talking and still listen', async () => {
  const port = await listen((socket) => {
    let question = ''
    socket.on('data', (chunk: Buffer) => (question += chunk.toString()))
    socket.on('end', () => socket.end(`got ${question}`))
  })
  const socket = await connectThrough({ port, rttMs: 1 })
  socket.end('a question')
  expect((await buffer(socket)).toString()).toBe('got a question')
})

test('a connection that breaks behind it breaks before it', async () => {
  const port = await listen((socket) => socket.resetAndDestroy())
  const socket = await connectThrough({ port, rttMs: 2 })
  socket.resume()
  socket.on('error', () => {})
  await once(socket, 'end').catch(() => {})
  expect(socket.bytesRead).toBe(0)
})

test('a connection to nobody ends', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const socket = await connectThrough({ port })
  socket.resume()
  socket.on('error', () => {})
  await once(socket, 'end').catch(() => {})
  expect(socket.bytesRead).toBe(0)
})

test('a reader that does not read keeps the writer waiting', async () => {
  const writer = Promise.withResolvers<Socket>()
  const port = await listen((socket) => {
    socket.on('error', () => {})
    const write = (): void => {
      while (socket.bytesWritten < 1e9 && socket.write(Buffer.alloc(1_000_000)));
    }
    socket.on('drain', write)
    write()
    writer.resolve(socket)
  })
  await connectThrough({ port }) // and nobody reads
  const { bytesWritten } = await standing(await writer.promise)
  expect(bytesWritten).toBeLessThan(100_000_000)
})

/** The socket once it has written nothing for many turns. */
async function standing(socket: Socket): Promise<Socket> {
  for (let [turns, before] = [0, 0]; turns < 3000; turns += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    if (socket.bytesWritten !== before) [turns, before] = [0, socket.bytesWritten]
  }
  return socket
}

async function host(): Promise<DelayHost> {
  const delays = await startDelayHost()
  onTestFinished(() => delays[Symbol.asyncDispose]())
  return delays
}

test('a process of its own holds proxies, until they are closed', async () => {
  const port = await listen((socket) => socket.pipe(socket))
  const delays = await host()
  const [first, second] = await Promise.all([
    delays.open({ port, rttMs: 0, bytesPerSecond: Infinity }),
    delays.open({ port, rttMs: 1, bytesPerSecond: 1e9 }),
  ])
  for (const proxy of [first, second]) {
    const socket = dial(proxy.port)
    socket.end('hello')
    expect((await buffer(socket)).toString()).toBe('hello')
  }
  await first.close()
  const refused = dial(first.port)
  await expect(once(refused, 'connect')).rejects.toThrow('ECONNREFUSED')
})

test('what is asked of a process that has ended fails', async () => {
  const delays = await startDelayHost()
  const options = { port: 1, rttMs: 0, bytesPerSecond: Infinity }
  const opening = delays.open(options)
  process.kill(delays.pid, 'SIGKILL')
  await expect(opening).rejects.toThrow('the process of the delaying proxies ended')
  await expect(delays.open(options)).rejects.toThrow('Channel closed')
  await delays[Symbol.asyncDispose]()
})
