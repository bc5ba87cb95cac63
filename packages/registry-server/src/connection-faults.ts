import { setTimeout as wait } from 'node:timers/promises'
import type { ConnectionFault, InBody } from './fault-action.ts'
import { ConnectionEnd, withBody, type FaultCall, type Faults } from './fault-call.ts'
import { createPace, paced, pacedUpload } from './pace.ts'
import type { Reply } from './reply.ts'

export const CONNECTION_FAULTS: Faults<ConnectionFault> = {
  cut: async (action, call) => await stopBody(action, call, () => endConnection('cut')),
  reset: async (action, call) => await stopBody(action, call, () => endConnection('reset')),
  hang: async (action, call) => await stopBody(action, call, async () => await untilGone(call.exchange.signal)),
  delay: async ({ delayMs }, { exchange, next }) => {
    await wait(delayMs, undefined, { signal: exchange.signal })
    return await next(exchange)
  },
  throttle: async ({ bytesPerSecond }, { exchange, next }) => {
    const { signal } = exchange
    const body = pacedUpload(exchange.body, createPace(bytesPerSecond), signal)
    const reply = await next({ ...exchange, body })
    return withBody(reply, reply.body?.size, (bytes) => paced(bytes, createPace(bytesPerSecond), signal))
  },
}

type Stop = () => Promise<never>

async function stopBody({ afterBytes, of }: InBody, { exchange, next }: FaultCall, stop: Stop): Promise<Reply> {
  if (of === 'request') return await next({ ...exchange, body: stoppedAfter(exchange.body, afterBytes ?? 0, stop) })
  if (afterBytes === undefined) return await stop()
  const reply = await next(exchange)
  return withBody(reply, reply.body?.size, (bytes) => stoppedAfter(bytes, afterBytes, stop))
}

async function* stoppedAfter(bytes: AsyncIterable<Uint8Array>, count: number, stop: Stop): AsyncGenerator<Uint8Array> {
  let left = count
  for await (const piece of bytes) {
    if (piece.byteLength > left) {
      if (left > 0) yield piece.subarray(0, left)
      await stop()
    }
    left -= piece.byteLength
    yield piece
  }
}

async function endConnection(how: 'cut' | 'reset'): Promise<never> {
  throw new ConnectionEnd(how)
}

async function untilGone(signal: AbortSignal): Promise<never> {
  return await new Promise((_resolve, reject) => {
    const leave = (): void => reject(signal.reason)
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
  })
}
