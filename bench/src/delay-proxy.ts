import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export interface DelayOptions {
  /** Where connections go on to, on this machine. */
  readonly port: number
  /** The round trip that is added: half of it each way, and one whole for each new connection. Default: 0. */
  readonly rttMs?: number | undefined
  /** The rate of each connection in each direction. Default: unlimited. */
  readonly bytesPerSecond?: number | undefined
}

export interface Proxy {
  readonly port: number
  close(): Promise<void>
}

/** Bytes on the way in one direction of one connection, beyond which the sender is not read from. */
const WINDOW_BYTES = 16 * 1024 * 1024

/**
 * Forwards TCP connections as if the other end were far away. Slow start and loss are not imitated: a connection has its full
 * rate from the first byte on.
 */
export async function startDelayProxy({ port, rttMs = 0, bytesPerSecond = Infinity }: DelayOptions): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (client) => {
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    const link = { delayMs: rttMs / 2, bytesPerSecond }
    // The handshake takes a round trip before the client could have sent anything.
    carry(client, upstream, { ...link, notBefore: performance.now() + rttMs })
    carry(upstream, client, { ...link, notBefore: 0 })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port, // A TCP server that listens has one.
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Link {
  readonly delayMs: number
  readonly bytesPerSecond: number
  /** On the clock of `performance.now()`: nothing sets out earlier. */
  readonly notBefore: number
}

/** One direction: every chunk arrives `delayMs` after it has been sent at the link's rate, in order. */
function carry(from: Socket, to: Socket, { delayMs, bytesPerSecond, notBefore }: Link): void {
  let sentAt = notBefore
  let underWay = 0
  let arrivals: Promise<unknown> = Promise.resolve()
  const later = (bytes: number, arrive: () => void): void => {
    sentAt = Math.max(sentAt, performance.now()) + (bytes * 1000) / bytesPerSecond
    const arrivesAt = sentAt + delayMs
    arrivals = arrivals.then(() => until(arrivesAt)).then(arrive)
  }
  from.on('data', (chunk: Buffer) => {
    underWay += chunk.byteLength
    if (underWay > windowOf(bytesPerSecond, delayMs)) from.pause()
    later(chunk.byteLength, () => {
      underWay -= chunk.byteLength
      const resume = (): void => {
        if (underWay <= windowOf(bytesPerSecond, delayMs) && !from.destroyed) from.resume()
      }
      if (to.destroyed || to.write(chunk)) resume()
      else to.once('drain', resume)
    })
  })
  from.on('end', () => later(0, () => void to.end()))
  from.on('error', () => to.destroy())
  from.on('close', () => later(0, () => to.destroySoon()))
  from.resume()
}

/** Twice what the link holds, so that pausing never leaves it empty. */
function windowOf(bytesPerSecond: number, delayMs: number): number {
  if (bytesPerSecond === Infinity) return WINDOW_BYTES
  return Math.max(64 * 1024, Math.min(WINDOW_BYTES, (bytesPerSecond * delayMs * 4) / 1000))
}

async function until(time: number): Promise<void> {
  const left = time - performance.now()
  if (left > 0.1) await wait(left)
}
