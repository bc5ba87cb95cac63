import { CLIENT_CLOSED } from '../network-error.ts'
import type { ResolvedOptions, TlsOptions } from '../options.ts'
import { connect } from './connect.ts'
import { Connection } from './connection.ts'

/** A connection that somebody waits for. */
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

/** How long a new connection waits for its first request. */
const FIRST_USE_MS = 10_000

/** The connections to one origin. */
export class ConnectionPool {
  readonly #settings: PoolSettings
  readonly #waiters = new Set<Waiter>()
  /** With the timer that ends each; the one used last is the last one. */
  readonly #free = new Map<Connection, ReturnType<typeof setTimeout>>()
  readonly #open = new Set<Connection>()
  readonly #connecting = new Set<Connection>()
  /** The latest one, to agree on keys sooner the next time. */
  #tlsSession: Buffer | undefined

  constructor(settings: PoolSettings) {
    this.#settings = settings
  }

  /** One that is free. */
  take(): Connection | undefined {
    const connection = [...this.#free.keys()].findLast(({ usable }) => usable)
    if (connection !== undefined) this.#unlist(connection)
    return connection
  }

  /** The next one that is free or connected, whichever is first; one is begun unless enough are on their way. */
  wait(): Waiting {
    const { promise, resolve, reject } = Promise.withResolvers<Connection>()
    const waiter = { resolve, reject }
    this.#waiters.add(waiter)
    if (this.#waiters.size > this.#connecting.size) this.#begin()
    return {
      connection: promise,
      giveUp: () => {
        if (this.#waiters.delete(waiter) && this.#waiters.size === 0) closeAll(this.#connecting)
      },
    }
  }

  /** Gives back one that was not used. */
  free(connection: Connection): void {
    this.#offer(connection, FIRST_USE_MS)
  }

  /** Begins connections until so many are free or on their way. */
  warm(count: number): void {
    for (let have = this.#free.size + this.#connecting.size; have < count; have += 1) this.#begin()
  }

  /** Ends those that are free, or will be. */
  dropFree(): void {
    closeAll(this.#free.keys())
    if (this.#waiters.size === 0) closeAll(this.#connecting)
  }

  close(): void {
    closeAll(this.#open, Object.assign(new Error('the client was closed'), { code: CLIENT_CLOSED }))
  }

  #begin(): void {
    const { url, tls, options } = this.#settings
    const { connectTimeoutMs, tlsTimeoutMs } = options
    const connection = new Connection({
      ...options,
      onFree: (freed, forMs) => this.#offer(freed, forMs),
      onClosed: (closed) => {
        this.#unlist(closed)
        this.#open.delete(closed)
      },
    })
    const connecting = connect({
      url,
      tls,
      connectTimeoutMs,
      tlsTimeoutMs,
      receiver: connection.receiver(),
      session: this.#tlsSession,
      onSession: (latest) => {
        this.#tlsSession = latest
      },
    })
    this.#open.add(connection)
    this.#connecting.add(connection)
    void this.#settle(connection, connection.attach(connecting))
  }

  async #settle(connection: Connection, ready: Promise<void>): Promise<void> {
    try {
      await ready
      this.#connecting.delete(connection)
      this.#offer(connection, FIRST_USE_MS)
    } catch (reason) {
      this.#connecting.delete(connection)
      const [waiter] = this.#waiters
      if (waiter === undefined || this.#waiters.size <= this.#connecting.size) return
      this.#waiters.delete(waiter)
      waiter.reject(reason)
    }
  }

  #offer(connection: Connection, forMs: number): void {
    const [waiter] = this.#waiters
    if (waiter !== undefined) {
      this.#waiters.delete(waiter)
      waiter.resolve(connection)
      return
    }
    connection.rest()
    this.#free.set(connection, setTimeout(() => connection.close(), forMs).unref())
  }

  #unlist(connection: Connection): void {
    clearTimeout(this.#free.get(connection))
    this.#free.delete(connection)
  }
}

function closeAll(connections: Iterable<Connection>, reason?: Error): void {
  for (const connection of connections) connection.close(reason)
}
