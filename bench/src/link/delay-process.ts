/** A process of its own for delaying proxies, so that what they do is no part of the one that measures. Started by delay-host.ts. */
import { type Proxy, startDelayProxy } from './delay-proxy.ts'
import type { DelayAnswer, DelayRequest } from './delay-host.ts'

const proxies = new Map<number, Proxy>()

async function answer({ id, open, close }: DelayRequest): Promise<DelayAnswer> {
  if (open !== undefined) {
    // Infinity does not pass as JSON.
    const proxy = await startDelayProxy({ ...open, bytesPerSecond: open.bytesPerSecond ?? Infinity })
    proxies.set(proxy.port, proxy)
    return { id, port: proxy.port }
  }
  await proxies.get(close ?? 0)?.close()
  proxies.delete(close ?? 0)
  return { id }
}

process.on('message', (request: DelayRequest) => {
  answer(request)
    .catch((error: unknown): DelayAnswer => ({ id: request.id, error: String(error) }))
    .then((result) => process.send?.(result))
    .catch(() => process.exit(1))
})
process.on('disconnect', () => process.exit())
// A terminal sends it to every process of the group; whoever started this one ends it.
process.on('SIGINT', () => {})
