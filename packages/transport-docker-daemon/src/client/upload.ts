import type { ByteSink } from '@crossdock/archive'
import { ImageError } from '@crossdock/core'
import { recycle } from '@crossdock/streams'
import { isDone, refusal } from '../errors.ts'
import type { Exchange } from './exchange.ts'
import type { EngineHost } from './host.ts'
import { readLoadAnswer } from './load-answer.ts'
import { readRefusal } from './read-body.ts'

/**
 * A load on an exchange that has a connection: the engine has the image when `finish` has ended well, and nothing before. An answer that comes whole before the archive has ended is a refusal.
 */
export function createUpload(exchange: Exchange, host: EngineHost): ByteSink {
  const { request } = exchange
  let heard = Promise.withResolvers<void>()
  const state: { failure?: unknown; isLoaded: boolean } = { isLoaded: false }
  const answered = receiveAnswer(exchange, host, () => {
    heard.resolve()
    heard = Promise.withResolvers()
  }).then(
    () => void (state.isLoaded = true),
    (reason: unknown) => void (state.failure = final(reason)),
  )

  function check(): void {
    if (state.failure !== undefined) throw state.failure
    if (state.isLoaded && !request.writableEnded) {
      throw new ImageError('INVALID_DATA', `the engine at ${host.text} did not wait for the end of the image`)
    }
  }

  async function wait(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    try {
      await exchange.wait(Promise.race([answered, promise]), signal)
    } catch (reason) {
      throw reason === signal?.reason ? reason : final(reason)
    }
    check()
  }

  return {
    send: (chunk) => {
      request.write(chunk, (reason) => {
        if (reason === undefined || reason === null) recycle(chunk)
      })
    },
    async ready(signal) {
      signal?.throwIfAborted()
      check()
      if (request.writableNeedDrain) await wait(drained(exchange), signal)
    },
    async finish(signal) {
      signal?.throwIfAborted()
      check()
      request.end()
      while (!state.isLoaded) await wait(heard.promise, signal)
    },
    [Symbol.asyncDispose]: () => exchange[Symbol.asyncDispose](),
  }
}

function drained({ request }: Exchange): Promise<void> {
  return new Promise((resolve) => void request.once('drain', resolve))
}

/** What was sent before is lost with the request: sending the last blob again would be of no use. */
function final(reason: unknown): unknown {
  if (!(reason instanceof ImageError) || !reason.retryable) return reason
  return new ImageError(reason.code, reason.message, { retryable: false, cause: reason })
}

async function receiveAnswer(exchange: Exchange, host: EngineHost, onHeard: () => void): Promise<void> {
  const answer = await exchange.answer
  onHeard()
  if (!isDone(answer)) {
    throw refusal(answer, {
      host,
      text: await readRefusal(exchange, answer, { host }),
      what: 'it does not take the image',
    })
  }
  await readLoadAnswer(answer, { host, onHeard })
}
