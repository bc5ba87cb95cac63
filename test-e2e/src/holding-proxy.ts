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

export interface HoldingProxyOptions {
  /**
   * No more pass in one second, in each direction. Then little is on its way at any time, where else the buffers of the system hold
   * megabytes that have passed here and have arrived nowhere. Default: as fast as it goes.
   */
  readonly bytesPerSecond?: number
}

interface Lane {
  passed: number
  allowed: number
  held: () => void
  /** Looks at what passes, before it does. */
  look: (chunk: Buffer) => void
  /** When the next bytes may pass, in milliseconds of the monotonic clock. */
  freeAt: number
  readonly bytesPerSecond: number
}

/** A TCP proxy to a server on the loopback interface. */
export async function startHoldingProxy(
  target: string,
  { bytesPerSecond = Infinity }: HoldingProxyOptions = {},
): Promise<HoldingProxy> {
  const toServer = newLane(bytesPerSecond)
  const toClient = newLane(bytesPerSecond)
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
    for (const lane of [toServer, toClient]) Object.assign(lane, newLane(bytesPerSecond))
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

function newLane(bytesPerSecond: number): Lane {
  return { passed: 0, allowed: Infinity, held: ignore, look: ignore, freeAt: 0, bytesPerSecond }
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
      return
    }
    const waitMs = timeToRest(lane, passing.byteLength)
    if (isRoomLeft && waitMs === 0) return
    from.pause()
    const goOn = (): void => void setTimeout(() => from.resume(), waitMs)
    if (isRoomLeft) goOn()
    else to.once('drain', goOn)
  })
}

/** Milliseconds. */
function timeToRest(lane: Lane, bytes: number): number {
  const now = performance.now()
  lane.freeAt = Math.max(lane.freeAt, now) + (bytes / lane.bytesPerSecond) * 1000
  return lane.freeAt - now
}
