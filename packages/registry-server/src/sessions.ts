import type { Exchange } from './exchange.ts'

/** What a server knows of open uploads besides what is stored. */
export interface Sessions {
  /**
   * Runs `write` as the only writer of the session. An earlier writer, whose connection can only be a dead one, is
   * dropped first, and what it received is kept.
   */
  write<Result>(id: string, exchange: Exchange, write: () => Promise<Result>): Promise<Result>
  /** Whether the session's last chunk was shorter than allowed, so that it has to be the last one. */
  isShort(id: string): boolean
  markShort(id: string): void
  forget(id: string): void
}

interface Writer {
  readonly ended: Promise<void>
  drop(): void
}

export function createSessions(): Sessions {
  const writers = new Map<string, Writer>()
  const short = new Set<string>()

  const claim = async (id: string, exchange: Exchange): Promise<() => void> => {
    for (let writer = writers.get(id); writer !== undefined; writer = writers.get(id)) {
      writer.drop()
      await writer.ended
    }
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    writers.set(id, { ended, drop: exchange.drop })
    return () => {
      writers.delete(id)
      resolve()
    }
  }

  return {
    write: async (id, exchange, write) => {
      const release = await claim(id, exchange)
      try {
        return await write()
      } finally {
        release()
      }
    },
    isShort: (id) => short.has(id),
    markShort: (id) => void short.add(id),
    forget: (id) => void short.delete(id),
  }
}
