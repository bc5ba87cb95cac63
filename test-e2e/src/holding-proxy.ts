import { connect, createServer, type Server, type Socket } from 'node:net'

export type Direction = 'toServer' | 'toClient'

/** Counts what passes and, when told to, stops it. */
export interface HoldingProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT`; the same as long as the proxy lives. */
  readonly host: string
  /** Bytes that have passed since the last `reset`. */
  readonly passed: Readonly<Record<Direction, number>>
  /** The most connections that were open at once. */
  readonly mostConnections: number
  /** Resets; from now on no more than `bytes` pass in this direction. Resolves when they have and more would. */
  holdAfter(direction: Direction, bytes: number): Promise<void>
  /** Resets; once the server has sent something that fits, nothing more reaches it. Resolves when something would. */
  holdAfterAnswer(fits: (answer: string) => boolean): Promise<void>
  /** Ends all connections with what they hold, begins to count from zero and lets everything through again. */
  reset(): void
}

interface Lane {
  passed: number
  allowed: number
  held: () => void
  /** Looks at what passes, before it does. */
  look: (chunk: Buffer) => void
}

/** A TCP proxy to a server on the loopback interface. */
export async function startHoldingProxy(target: string): Promise<HoldingProxy> {
  const toServer = newLane()
  const toClient = newLane()
  const sockets = new Set<Socket>()
  let mostConnections = 0
  const server = createServer((client) => {
    const upstream = connect(Number(target.split(':')[1]), '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    mostConnections = Math.max(mostConnections, sockets.size / 2)
    forward(client, upstream, toServer)
    forward(upstream, client, toClient)
  })
  const port = await listen(server)
  const reset = (): void => {
    for (const socket of sockets) socket.destroy()
    for (const lane of [toServer, toClient]) Object.assign(lane, newLane())
  }
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
    get mostConnections() {
      return mostConnections
    },
    holdAfter: (direction, bytes) => {
      reset()
      const { promise, resolve } = Promise.withResolvers<void>()
      Object.assign(direction === 'toServer' ? toServer : toClient, { allowed: bytes, held: resolve })
      return promise
    },
    holdAfterAnswer: (fits) => {
      reset()
      const { promise, resolve } = Promise.withResolvers<void>()
      toServer.held = resolve
      toClient.look = (chunk) => {
        if (fits(chunk.toString('latin1'))) toServer.allowed = toServer.passed
      }
      return promise
    },
    reset,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

function newLane(): Lane {
  return { passed: 0, allowed: Infinity, held: ignore, look: ignore }
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
    lane.look(chunk)
    const passing = chunk.subarray(0, Math.max(0, lane.allowed - lane.passed))
    lane.passed += passing.byteLength
    const isRoomLeft = to.write(passing)
    if (passing.byteLength < chunk.byteLength) {
      // The rest stays here until the connection ends.
      from.pause()
      lane.held()
    } else if (!isRoomLeft) {
      from.pause()
      to.once('drain', () => from.resume())
    }
  })
}
