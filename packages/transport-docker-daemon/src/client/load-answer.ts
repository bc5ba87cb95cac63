import type { IncomingMessage } from 'node:http'
import { ImageError } from '@crossdock/core'
import { brokenAnswer, refusedImage } from '../errors.ts'
import { MAX_MESSAGE_BYTES, readMessage } from './engine-message.ts'
import type { EngineHost } from './host.ts'

export interface ReadLoadAnswerOptions {
  readonly host: EngineHost
  /** Called for every sign of life. */
  readonly onHeard: () => void
}

/** More than the progress of any image. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** What an engine says, from `Loaded image: NAME` or `Loaded image ID: ID` on, when it has the image (moby, `tarexport`). */
const LOADED = /^Loaded image/

/**
 * Reads the answer to a load to its end: one JSON object after the other, a line each. Throws `INVALID_DATA` or `IO` for an error among them, for what is no
 * such answer and for one that ends without saying that the image is loaded; `LIMIT_EXCEEDED`, `UNAVAILABLE`.
 */
export async function readLoadAnswer(answer: IncomingMessage, { host, onHeard }: ReadLoadAnswerOptions): Promise<void> {
  let isLoaded = false
  for await (const line of linesOf(answer, host)) {
    onHeard()
    const { stream, error } = readMessage(line, host)
    if (error !== undefined) throw refusedImage(error, host)
    isLoaded ||= stream !== undefined && LOADED.test(stream)
  }
  if (isLoaded) return
  throw new ImageError(
    'INVALID_DATA',
    `the engine at ${host.text} ended its answer without saying that the image is loaded; look for it there`,
  )
}

async function* linesOf(answer: IncomingMessage, host: EngineHost): AsyncGenerator<string> {
  let rest = ''
  let total = 0
  const decoder = new TextDecoder()
  for await (const chunk of chunksOf(answer, host)) {
    total += chunk.byteLength
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    if (total > MAX_ANSWER_BYTES || rest.length > MAX_MESSAGE_BYTES) {
      throw new ImageError('LIMIT_EXCEEDED', `the engine at ${host.text} says more about loading an image than is read`)
    }
    yield* lines.filter((line) => line.trim() !== '')
  }
  if (rest.trim() !== '') yield rest
}

async function* chunksOf(answer: IncomingMessage, host: EngineHost): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterable<Uint8Array> = answer
  try {
    yield* chunks
  } catch (reason) {
    throw brokenAnswer(reason, host)
  }
}
