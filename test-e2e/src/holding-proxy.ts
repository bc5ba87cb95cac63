import { connect, createServer, type Server, type Socket } from 'node:net'

export type Direction = 'toServer' | 'toClient'

/** Counts what passes and, when told to, lets no more than so many bytes through. */
export interface HoldingProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT`; the same as long as the proxy lives. */
  readonly host: string
  /** Bytes that have passed since the last `reset`. */
  readonly passed: Readonly<Record<Direction, number>>
  /** From now on no more than `bytes` pass in this direction; the promise resolves when they have and more would. */
  hold(direction: Direction, bytes: number): Promise<void>
  /** Lets everything through again and begins to count from zero. */
  reset(): void
}

interface Lane {
  passed: number
  allowed: number
  held: () => void
  readonly waiting: Set<() => void>
}

/** A TCP proxy to a server on the loopback interface. */
export async function startHoldingProxy(target: string): Promise<HoldingProxy> {
  const lanes: Record<Direction, Lane> = { toServer: newLane(), toClient: newLane() }
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(target.split(':')[1]), '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    forward(client, upstream, lanes.toServer)
    forward(upstream, client, lanes.toClient)
  })
  const port = await listen(server)
  const { toServer, toClient } = lanes
  return {
    host: `127.0.0.1:${port}`,
    passed: {
      get toServer() {
        return toServer.passed
      },
      get toClient() {
        return toClient.passed
      },
    },
    hold: (direction, bytes) => {
      const lane = lanes[direction]
      const { promise, resolve } = Promise.withResolvers<void>()
      Object.assign(lane, { passed: 0, allowed: bytes, held: resolve })
      return promise
    },
    reset: () => {
      for (const lane of Object.values(lanes)) {
        Object.assign(lane, { passed: 0, allowed: Infinity, held: ignore })
        for (const wake of lane.waiting) wake()
        lane.waiting.clear()
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

function newLane(): Lane {
  return { passed: 0, allowed: Infinity, held: ignore, waiting: new Set() }
}

function ignore(): void {}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

function forward(from: Socket, to: Socket, lane: Lane): void {
  from.on('error', () => to.destroy())
  from.on('close', () => to.destroy())
  from.on('end', () => to.end())
  from.on('data', (chunk: Buffer) => {
    const free = Math.max(0, lane.allowed - lane.passed)
    const now = chunk.subarray(0, free)
    lane.passed += now.byteLength
    if (now.byteLength > 0 && !to.write(now)) pauseUntilDrained(from, to)
    if (now.byteLength === chunk.byteLength) return
    from.pause()
    lane.held()
    lane.waiting.add(() => {
      const rest = chunk.subarray(free)
      lane.passed += rest.byteLength
      if (!to.destroyed) to.write(rest)
      from.resume()
    })
  })
}

function pauseUntilDrained(from: Socket, to: Socket): void {
  from.pause()
  to.once('drain', () => from.resume())
}
