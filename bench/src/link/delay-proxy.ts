import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type OnReadOpts, type Socket } from 'node:net'
import { type BufferPool, createBufferPool } from './buffer-pool.ts'
import { createLane, type Link } from './lane.ts'
import { withOwnBuffers } from './own-buffers.ts'
import { type Clock, createTimetable, systemClock, type Timetable } from './timetable.ts'

export interface DelayOptions extends Link {
  /** Where connections go on to, on this machine. */
  readonly port: number
}

export interface Proxy {
  readonly port: number
  close(): Promise<void>
}

/**
 * Forwards TCP connections as if the other end were far away. It relays some 1.5 GB for each second of processor time, because
 * buffers are its own and used again; streams of Node.js would take three times as long.
 */
export async function startDelayProxy({ port, ...link }: DelayOptions): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const road: Road = { link, clock: systemClock, timetable: createTimetable(), buffers: createBufferPool() }
  const server = createServer({ pauseOnConnect: true }, (accepted) => {
    // The handshake takes a round trip before the client could have sent anything.
    const there = createFlow(road, systemClock.now() + link.rttMs)
    const back = createFlow(road)
    const client = withOwnBuffers(accepted, there.onread)
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true, onread: back.onread })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    there.join(client, upstream)
    back.join(upstream, client)
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

/** What all connections of a proxy share. */
interface Road {
  readonly link: Link
  readonly clock: Clock
  readonly timetable: Timetable
  readonly buffers: BufferPool
}

/** One direction of one connection. */
interface Flow {
  /** For the socket that is read from. */
  readonly onread: OnReadOpts
  /** Begins to carry. */
  join(from: Socket, to: Socket): void
}

/** Chunks up to this size are copied rather than keep a whole buffer. */
const SMALL_BYTES = 16 * 1024

function createFlow({ link, clock, timetable, buffers }: Road, notBefore?: number): Flow {
  const lane = createLane({ ...link, notBefore })
  let ends: { readonly from: Socket; readonly to: Socket } | undefined
  let underWay = 0
  const later = (bytes: number, arrive: () => void): void => timetable.at(lane.send(bytes, clock.now()), arrive)
  const left = (bytes: number): void => {
    underWay -= bytes
    if (underWay <= lane.windowBytes && ends?.from.destroyed === false) ends.from.resume()
  }
  return {
    onread: {
      buffer: () => buffers.take(),
      callback: (bytes, filled) => {
        const buffer = Buffer.from(filled.buffer, filled.byteOffset, filled.byteLength)
        const small = bytes <= SMALL_BYTES
        const chunk = small ? Buffer.from(buffer.subarray(0, bytes)) : buffer.subarray(0, bytes)
        if (small) buffers.giveBack(buffer)
        underWay += bytes
        later(bytes, () =>
          ends?.to.write(chunk, () => {
            if (!small) buffers.giveBack(buffer)
            left(bytes)
          }),
        )
        return underWay <= lane.windowBytes
      },
    },
    join: (from, to) => {
      ends = { from, to }
      from.on('end', () => later(0, () => to.end()))
      from.on('error', () => to.destroy())
      from.resume()
    },
  }
}
