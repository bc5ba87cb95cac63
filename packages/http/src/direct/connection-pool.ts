import type { TlsOptions, ResolvedOptions } from '../options.ts'
import { CLIENT_CLOSED } from '../network-error.ts'
import { connect } from './connect.ts'
import { Connection } from './connection.ts'

/** The connections to one origin. */
export interface ConnectionPool {
  /** One that is free, the one used last first. */
  take(): Connection | undefined
  /** The next one that is free or connected, whichever is first; one is begun unless enough are on their way. */
  wait(): Waiting
  /** Gives back one that was not used. */
  free(connection: Connection): void
  /** Begins connections until so many are free or on their way. */
  warm(count: number): void
  /** Ends those that are free, or will be. */
  dropFree(): void
  close(): void
}

export interface Waiting {
  readonly connection: Promise<Connection>
  /** Does nothing once there is a connection. */
  giveUp(): void
}

interface Waiter {
  readonly resolve: (connection: Connection) => void
  readonly reject: (reason: unknown) => void
}

export interface PoolSettings {
  readonly url: URL
  readonly tls: TlsOptions
  readonly options: ResolvedOptions
}

export function createConnectionPool({ url, tls, options }: PoolSettings): ConnectionPool {
  const waiters = new Set<Waiter>()
  const free = new Map<Connection, ReturnType<typeof setTimeout>>()
  const open = new Set<Connection>()
  const connecting = new Set<Connection>()
  let session: Buffer | undefined

  function unlist(connection: Connection): void {
    clearTimeout(free.get(connection))
    free.delete(connection)
  }

  function offer(connection: Connection, forMs: number): void {
    const [waiter] = waiters
    if (waiter !== undefined) {
      waiters.delete(waiter)
      waiter.resolve(connection)
      return
    }
    connection.rest()
    free.set(connection, setTimeout(() => connection.close(), forMs).unref())
  }

  function begin(): void {
    const { connectTimeoutMs, tlsTimeoutMs } = options
    const connection = new Connection({ ...options, onFree: offer, onClosed: forget })
    const onSession = (latest: Buffer): void => void (session = latest)
    const limits = { connectTimeoutMs, tlsTimeoutMs }
    const ready = connection.attach(
      connect({ url, tls, session, onSession, receiver: connection.receiver(), ...limits }),
    )
    open.add(connection)
    connecting.add(connection)
    ready.then(
      () => {
        connecting.delete(connection)
        offer(connection, FIRST_USE_MS)
      },
      (reason: unknown) => {
        connecting.delete(connection)
        const [waiter] = waiters.size > connecting.size ? waiters : []
        if (waiter !== undefined && waiters.delete(waiter)) waiter.reject(reason)
      },
    )
  }

  function forget(connection: Connection): void {
    unlist(connection)
    open.delete(connection)
  }

  return {
    take() {
      const connection = [...free.keys()].findLast(({ usable }) => usable)
      if (connection !== undefined) unlist(connection)
      return connection
    },
    wait() {
      const { promise, resolve, reject } = Promise.withResolvers<Connection>()
      const waiter = { resolve, reject }
      waiters.add(waiter)
      if (waiters.size > connecting.size) begin()
      return {
        connection: promise,
        giveUp() {
          if (!waiters.delete(waiter) || waiters.size > 0) return
          for (const connection of connecting) connection.close()
        },
      }
    },
    free: (connection) => offer(connection, FIRST_USE_MS),
    warm(count) {
      for (let have = free.size + connecting.size; have < count; have += 1) begin()
    },
    dropFree() {
      for (const connection of free.keys()) connection.close()
      if (waiters.size === 0) for (const connection of connecting) connection.close()
    },
    close() {
      const reason = Object.assign(new Error('the client was closed'), { code: CLIENT_CLOSED })
      for (const connection of open) connection.close(reason)
    },
  }
}

/** How long a new connection waits for its first request. */
const FIRST_USE_MS = 10_000
