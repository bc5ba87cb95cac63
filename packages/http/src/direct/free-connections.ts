import type { Connection } from './connection.ts'

/** Connections without a request, each kept for its time. */
export interface FreeConnections {
  readonly size: number
  add(connection: Connection, forMs: number): void
  /** The one that was added last. */
  take(): Connection | undefined
  delete(connection: Connection): void
  closeAll(): void
}

export function createFreeConnections(): FreeConnections {
  const timers = new Map<Connection, ReturnType<typeof setTimeout>>()

  function unlist(connection: Connection): void {
    clearTimeout(timers.get(connection))
    timers.delete(connection)
  }

  return {
    get size() {
      return timers.size
    },
    add(connection, forMs) {
      connection.rest()
      timers.set(connection, setTimeout(() => connection.close(), forMs).unref())
    },
    take() {
      const connection = [...timers.keys()].findLast(({ usable }) => usable)
      if (connection !== undefined) unlist(connection)
      return connection
    },
    delete: unlist,
    closeAll() {
      for (const connection of timers.keys()) connection.close()
    },
  }
}
