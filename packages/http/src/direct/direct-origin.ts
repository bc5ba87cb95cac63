import { createExchange } from '../exchange.ts'
import type { HttpRequest, HttpResponse } from '../http.ts'
import type { Origin } from '../origins.ts'
import { isStale } from './connection.ts'
import { ConnectionPool, type PoolSettings, type Waiting } from './connection-pool.ts'

/** An origin that is spoken to without a proxy. */
export function createDirectOrigin(settings: PoolSettings): Origin {
  const pool = new ConnectionPool(settings)

  function send(request: HttpRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      let waiting: Waiting | undefined
      const settled = (): void => waiting?.giveUp()
      const exchange = createExchange({ request, options: settings.options, resolve, reject, settled })
      const found = pool.take()
      if (found !== undefined) {
        found.send(exchange)
        return
      }
      waiting = pool.wait()
      waiting.connection.then(
        (connection) => (exchange.over ? pool.free(connection) : connection.send(exchange)),
        (reason: unknown) => exchange.fail(reason),
      )
    })
  }

  return {
    async send(request) {
      try {
        return await send(request)
      } catch (error) {
        if (!(error instanceof Error) || !isStale(error.cause) || !mayRepeat(request)) throw error
        // The server had closed the connection before this request was on its way: that is no failure of the server.
        pool.dropFree()
        return await send(request)
      }
    },
    warm: (count) => pool.warm(count),
    cool: () => pool.dropFree(),
    end: () => Promise.resolve(pool.close()),
  }
}

function mayRepeat({ method, idempotent, signal }: HttpRequest): boolean {
  return signal?.aborted !== true && (idempotent ?? (method === 'GET' || method === 'HEAD'))
}
