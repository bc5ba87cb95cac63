import type { IncomingMessage } from 'node:http'
import { ImageError } from '@crossdock/core'
import { firstBytes, readBytes } from '@crossdock/streams'
import { brokenAnswer } from '../errors.ts'
import { MAX_MESSAGE_BYTES } from './engine-message.ts'
import type { Exchange } from './exchange.ts'
import type { EngineHost } from './host.ts'

export interface ReadBodyOptions {
  readonly host: EngineHost
  readonly signal?: AbortSignal | undefined
}

/** The body of an answer. Throws `UNAVAILABLE` if it breaks off or nothing more comes. */
export async function* readBody(
  exchange: Exchange,
  answer: IncomingMessage,
  { host, signal }: ReadBodyOptions,
): AsyncGenerator<Uint8Array> {
  const iterator: AsyncIterator<Uint8Array> = answer[Symbol.asyncIterator]()
  for (;;) {
    let step: IteratorResult<Uint8Array>
    try {
      step = await exchange.wait(iterator.next(), signal)
    } catch (reason) {
      if (reason instanceof ImageError || signal?.aborted === true) throw reason
      throw brokenAnswer(reason, host)
    }
    if (step.done === true) return
    yield step.value
  }
}

/** What a refusal says, as far as it is read. */
export async function readRefusal(
  exchange: Exchange,
  answer: IncomingMessage,
  options: ReadBodyOptions,
): Promise<string> {
  const limitBytes = MAX_MESSAGE_BYTES
  const body = firstBytes(readBody(exchange, answer, options), limitBytes)
  return Buffer.from(await readBytes(body, { limitBytes, what: 'the refusal' })).toString()
}
