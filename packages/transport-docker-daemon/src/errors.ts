import type { IncomingMessage } from 'node:http'
import { ImageError, type ImageErrorCode, quoteForeign } from '@crossdock/core'
import { type EngineMessage, readMessage } from './client/engine-message.ts'
import type { EngineHost } from './client/host.ts'

const START = 'is the Docker Engine running? Another one is named by its host (DOCKER_HOST)'

interface Meaning {
  readonly why: string
  /** Default: `UNAVAILABLE`. */
  readonly code?: ImageErrorCode
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: { why: `there is no such socket (ENOENT); ${START}` },
  ECONNREFUSED: { why: `nobody listens there (ECONNREFUSED); ${START}` },
  ENOTSOCK: { why: 'this is no socket (ENOTSOCK); correct the host' },
  EACCES: {
    why: 'permission denied (EACCES); become a member of the group that the socket belongs to (docker, as a rule), or work as root',
    code: 'FORBIDDEN',
  },
  EPERM: { why: 'operation not permitted (EPERM)', code: 'FORBIDDEN' },
  ENOTFOUND: { why: 'no such host name; check the spelling' },
  EAI_AGAIN: { why: 'the host name cannot be looked up at the moment' },
  EPROTO: { why: 'it does not speak TLS there (EPROTO); without TLS it is http://' },
  ECONNRESET: {
    why: 'the connection was closed by the engine (ECONNRESET); an engine with TLS needs its certificates',
  },
  EPIPE: { why: 'the connection was closed by the engine (EPIPE)' },
}

/** Why there is no connection or no answer on it: `UNAVAILABLE`, or `FORBIDDEN`. Trying again at once is of no use. */
export function connectionError(reason: unknown, host: EngineHost): ImageError {
  const { why, code = 'UNAVAILABLE' } = meaningOf(reason)
  return new ImageError(code, `the engine at ${host.text} cannot be reached: ${why}`, {
    retryable: false,
    cause: reason,
  })
}

/** Certificates that are none, or a key that is another one's. */
export function unusableCertificates(reason: unknown, host: EngineHost): ImageError {
  const why = reason instanceof Error ? quoteForeign(reason.message, 200) : 'they are none'
  return new ImageError(
    'INVALID_DATA',
    `the certificates for the engine at ${host.text} cannot be used: ${why}; correct ca.pem, cert.pem and key.pem`,
    { cause: reason },
  )
}

/** An answer that ends before all of it came. */
export function brokenAnswer(reason: unknown, host: EngineHost): ImageError {
  return new ImageError('UNAVAILABLE', `the engine at ${host.text} closed the connection within its answer`, {
    retryable: false,
    cause: reason,
  })
}

function meaningOf(reason: unknown): Meaning {
  if (!(reason instanceof Error)) return { why: 'the connection was closed by the engine without an answer' }
  const code = 'code' in reason ? String(reason.code) : ''
  const known = Object.hasOwn(MEANINGS, code) ? MEANINGS[code] : undefined
  return known ?? { why: quoteForeign(reason.message === '' ? code : reason.message, 200) }
}

const CODES: Readonly<Record<number, ImageErrorCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  429: 'RATE_LIMITED',
  500: 'UNAVAILABLE',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
}

/** Whether an answer is what was asked for. */
export function isDone({ statusCode }: IncomingMessage): boolean {
  return statusCode === 200
}

export interface RefusalOptions {
  readonly host: EngineHost
  /** The body of the answer. */
  readonly text: string
  /** What it does not do, after the engine's name and a colon. */
  readonly what: string
}

/** Any other answer. */
export function refusal({ statusCode = 0 }: IncomingMessage, { host, text, what }: RefusalOptions): ImageError {
  const said = quoteForeign(messageIn(text, host), 300)
  return new ImageError(
    CODES[statusCode] ?? 'INVALID_DATA',
    `the engine at ${host.text}: ${what}: ${said === '' ? 'without a reason' : said} (status ${statusCode})`,
    { retryable: false },
  )
}

/** The message in a refusal; all of it if it is something else. */
function messageIn(text: string, host: EngineHost): string {
  let message: EngineMessage
  try {
    message = readMessage(text, host)
  } catch (reason) {
    if (reason instanceof ImageError) return text.trim()
    throw reason
  }
  return message.error ?? text.trim()
}

/** An error among the messages about an image that is loaded. */
export function refusedImage(message: string, host: EngineHost): ImageError {
  const isFull = /no space left|disk quota/i.test(message)
  return new ImageError(
    isFull ? 'IO' : 'INVALID_DATA',
    `the engine at ${host.text} refused the image: ${quoteForeign(message, 300)}`,
  )
}

/** An error behind the archive of an image that is saved. */
export function refusedSave(message: string, host: EngineHost): ImageError {
  return new ImageError(
    'INVALID_DATA',
    `the engine at ${host.text} gave up saving the image: ${quoteForeign(message, 300)}`,
  )
}
