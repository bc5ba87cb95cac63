import { clientClosed, WIRE, wireFailure } from '../network-error.ts'
import type { ResolvedOptions, TlsOptions } from '../options.ts'
import { connect } from './connect.ts'
import { Connection } from './connection.ts'
import { createFreeConnections } from './free-connections.ts'

/** Who needs a connection. One of the two is called, once, at once or later. */
export interface Waiter {
  /** It is usable until the event loop turns. */
  use(connection: Connection): void
  fail(reason: unknown): void
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
  readonly #free = createFreeConnections()
  readonly #open = new Set<Connection>()
  /** Never fewer than there are waiters. */
  readonly #connecting = new Set<Connection>()
  /** The latest one, to agree on keys sooner the next time. */
  #tlsSession: Buffer | undefined
  #closing: PromiseWithResolvers<void> | undefined

  constructor(settings: PoolSettings) {
    this.#settings = settings
  }

  /**
   * Gives the free connection that was used last, or else the next one that is free or connected, whichever is first; one is
   * begun unless enough are on their way. The result gives up waiting; it does nothing once there is a connection.
   */
  ask(waiter: Waiter): () => void {
    const connection = this.#free.take()
    if (connection !== undefined) {
      waiter.use(connection)
      return () => undefined
    }
    this.#waiters.add(waiter)
    if (this.#closing !== undefined) this.#failed(clientClosed())
    else if (this.#waiters.size > this.#connecting.size) void this.#begin()
    return () => {
      if (this.#waiters.delete(waiter) && this.#waiters.size === 0) this.#stopConnecting()
    }
  }

  /** Begins connections until so many are free or on their way. */
  warm(count: number): void {
    if (this.#closing !== undefined) return
    for (let have = this.#free.size + this.#connecting.size; have < count; have += 1) void this.#begin()
  }

  /** Ends those that are free, or will be. */
  dropFree(): void {
    this.#free.closeAll()
    if (this.#waiters.size === 0) this.#stopConnecting()
  }

  /** Ends all, and whatever they are used for. Resolves when they are gone; there will be no others. */
  async close(): Promise<void> {
    this.#closing ??= Promise.withResolvers()
    if (this.#open.size === 0) this.#closing.resolve()
    for (const connection of this.#open) connection.close(clientClosed())
    await this.#closing.promise
  }

  async #begin(): Promise<void> {
    let connection: Connection | undefined
    try {
      connection = new Connection({
        ...this.#settings.options,
        onFree: (freed, forMs) => this.#offer(freed, forMs),
        onClosed: (closed) => this.#forget(closed),
      })
      const ready = this.#connect(connection)
      this.#open.add(connection)
      this.#connecting.add(connection)
      await ready
      this.#connecting.delete(connection)
      if (!connection.usable) throw wireFailure(WIRE.closed)
    } catch (reason) {
      if (connection !== undefined) this.#connecting.delete(connection)
      this.#failed(reason)
      return
    }
    this.#offer(connection, FIRST_USE_MS)
  }

  /** Throws, for example for a certificate that is none. */
  #connect(connection: Connection): Promise<void> {
    const { url, tls, options } = this.#settings
    const connecting = connect({
      url,
      tls,
      connectTimeoutMs: options.connectTimeoutMs,
      tlsTimeoutMs: options.tlsTimeoutMs,
      receiver: connection.receiver(),
      session: this.#tlsSession,
      onSession: (latest) => {
        this.#tlsSession = latest
      },
    })
    return connection.attach(connecting)
  }

  #offer(connection: Connection, forMs: number): void {
    const waiter = takeFirst(this.#waiters)
    if (waiter === undefined) this.#free.add(connection, forMs)
    else waiter.use(connection)
  }

  /** One that was on its way does not come: the waiter for whom there is no other hears of it. */
  #failed(reason: unknown): void {
    if (this.#waiters.size > this.#connecting.size) takeFirst(this.#waiters)?.fail(reason)
  }

  #stopConnecting(): void {
    for (const connection of this.#connecting) connection.close()
    this.#connecting.clear()
  }

  #forget(connection: Connection): void {
    this.#free.delete(connection)
    this.#open.delete(connection)
    if (this.#open.size === 0) this.#closing?.resolve()
  }
}

function takeFirst<T>(all: Set<T>): T | undefined {
  const [first] = all
  if (first !== undefined) all.delete(first)
  return first
}
