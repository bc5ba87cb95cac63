import { createExchange } from '../exchange.ts'
import type { HttpRequest, HttpResponse } from '../http.ts'
import type { Origin } from '../origins.ts'
import { ConnectionPool, type PoolSettings } from './connection-pool.ts'
import { isStale } from './stale-connection.ts'

/** An origin that is spoken to without a proxy. */
export function createDirectOrigin(settings: PoolSettings): Origin {
  const pool = new ConnectionPool(settings)

  function send(request: HttpRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      let giveUp: (() => void) | undefined
      const settled = (): void => giveUp?.()
      const exchange = createExchange({ request, options: settings.options, resolve, reject, settled })
      giveUp = pool.ask({
        use: (connection) => connection.send(exchange),
        fail: (reason) => exchange.fail(reason),
      })
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
    end: () => pool.close(),
  }
}

function mayRepeat({ method, idempotent, signal }: HttpRequest): boolean {
  return signal?.aborted !== true && (idempotent ?? (method === 'GET' || method === 'HEAD'))
}
