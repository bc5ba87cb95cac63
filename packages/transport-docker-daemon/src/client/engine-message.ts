import { ImageError } from '@crossdock/core'
import { isObject, member, parseJsonDocument } from '@crossdock/formats'
import type { EngineHost } from './host.ts'

/** One of the messages of an answer (moby, `pkg/jsonmessage`), or the whole of a refusal. */
export interface EngineMessage {
  /** Text for a person. */
  readonly stream?: string | undefined
  readonly error?: string | undefined
}

export const MAX_MESSAGE_BYTES: number = 64 * 1024

/** Throws `INVALID_DATA` for what is no message. */
export function readMessage(text: string, host: EngineHost): EngineMessage {
  const what = `the answer of the engine at ${host.text}`
  const document = parseJsonDocument(Buffer.from(text), { what, maxBytes: MAX_MESSAGE_BYTES })
  if (!isObject(document)) throw new ImageError('INVALID_DATA', `${what} should be JSON objects`)
  const detail = member(document, 'errorDetail')
  const errors = [
    isObject(detail) ? member(detail, 'message') : undefined,
    member(document, 'error'),
    member(document, 'message'),
  ]
  const error = errors.find((candidate) => typeof candidate === 'string')
  const stream = member(document, 'stream')
  return { stream: typeof stream === 'string' ? stream : undefined, error: error ?? unnamed(detail) }
}

function unnamed(detail: unknown): string | undefined {
  return detail === undefined || detail === null ? undefined : 'an error without a message'
}
