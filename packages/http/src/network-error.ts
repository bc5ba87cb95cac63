import { ImageError, quoteForeign, type ImageErrorCode, type Side } from '@crossdock/core'
import { LEAST_BYTES_PER_SECOND } from './patience.ts'

/** What a failed request was doing. */
export interface NetworkContext {
  readonly what: string
  readonly url: URL
  readonly side?: Side | undefined
  /** Whether anything of the request may have reached the server. */
  readonly sent: boolean
  readonly headersTimeoutMs: number
  readonly idleBodyTimeoutMs: number
}

interface Cause {
  readonly text: string
  readonly code?: ImageErrorCode
  /** Default: true. */
  readonly retryable?: boolean
  /** Default: false. */
  readonly isTimeOut?: boolean
}

interface Failure {
  readonly sent: boolean
  readonly isTimeOut: boolean
}

const failures = new WeakMap<ImageError, Failure>()

/** Whether this client's network failed, rather than, for example, the source of an upload. */
export function isNetworkFailure(error: unknown): error is ImageError {
  return error instanceof ImageError && failures.has(error)
}

/** Whether the request certainly never reached the server, so that any method may be sent again. */
export function isUnsent(error: ImageError): boolean {
  return failures.get(error)?.sent === false
}

/** Whether the server was silent for as long as it may be. */
export function isTimeOut(error: unknown): error is ImageError {
  return error instanceof ImageError && failures.get(error)?.isTimeOut === true
}

/** What the network did, as one error that names the host, the port and the cause. */
export function networkError(reason: unknown, context: NetworkContext): ImageError {
  const cause = causeOf(reason, context)
  const code = cause.code ?? 'UNAVAILABLE'
  const error = new ImageError(code, `${context.what}: ${hostAndPort(context.url)}: ${cause.text}`, {
    side: context.side,
    retryable: cause.retryable ?? true,
    cause: reason,
  })
  failures.set(error, { sent: context.sent, isTimeOut: cause.isTimeOut ?? false })
  return error
}

/** The same failure after so many attempts. */
export function withAttempts(error: ImageError, attempts: number): ImageError {
  return attempts < 2 ? error : copyOf(error, { retryable: error.retryable, attempts })
}

/** The same failure, after as many attempts as are made: trying on at once is of no use. */
export function exhausted(error: ImageError, attempts: number): ImageError {
  return copyOf(error, { retryable: false, attempts })
}

function copyOf(error: ImageError, how: { readonly retryable: boolean; readonly attempts: number }): ImageError {
  const { code, side, image } = error
  const count = how.attempts < 2 ? '' : ` (after ${how.attempts} attempts)`
  const copy = new ImageError(code, `${error.message}${count}`, {
    side,
    image,
    retryable: how.retryable,
    cause: error.cause ?? error,
  })
  const known = failures.get(error)
  if (known !== undefined) failures.set(copy, known)
  return copy
}

export function hostAndPort(url: URL): string {
  return `${url.hostname}:${url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port}`
}

const CLIENT_CLOSED = 'CLIENT_CLOSED'

/** The failure with which `close` ends what is under way. */
export function clientClosed(): Error {
  return Object.assign(new Error('the client was closed'), { code: CLIENT_CLOSED })
}

/** Codes of what goes wrong on a direct connection beyond what the system reports. */
export const WIRE = {
  connectTimeout: 'WIRE_CONNECT_TIMEOUT',
  headersTimeout: 'WIRE_HEADERS_TIMEOUT',
  bodyTimeout: 'WIRE_BODY_TIMEOUT',
  tooSlow: 'WIRE_TOO_SLOW',
  closed: 'WIRE_CLOSED',
  endedEarly: 'WIRE_ENDED_EARLY',
  headTooLarge: 'WIRE_HEAD_TOO_LARGE',
  badHeader: 'WIRE_BAD_HEADER',
} as const

export function wireFailure(code: (typeof WIRE)[keyof typeof WIRE]): Error {
  return Object.assign(new Error(code), { code })
}

const CONNECTING: Cause = { text: 'time-out while connecting', isTimeOut: true }
const CLOSED: Cause = { text: 'the connection was closed by the other side' }
const ENDED_EARLY: Cause = { text: 'the answer ended before all of it came' }
const HEAD_TOO_LARGE: Cause = {
  text: 'the head of the answer is larger than 64 KiB',
  code: 'LIMIT_EXCEEDED',
  retryable: false,
}

const FIXED: Readonly<Record<string, Cause>> = {
  ECONNREFUSED: { text: 'connection refused; check that host and port are right and that the server runs' },
  ECONNRESET: { text: 'the connection was reset by the other side' },
  EPIPE: CLOSED,
  EHOSTUNREACH: { text: 'the host cannot be reached' },
  ENETUNREACH: { text: 'the network cannot be reached' },
  ETIMEDOUT: { text: 'time-out: the network gave up', isTimeOut: true },
  EAI_AGAIN: { text: 'the host name cannot be looked up at the moment' },
  ENOTFOUND: { text: 'no such host name; check the spelling', retryable: false },
  [WIRE.connectTimeout]: CONNECTING,
  [WIRE.closed]: CLOSED,
  [WIRE.endedEarly]: ENDED_EARLY,
  [WIRE.tooSlow]: {
    text: `time-out: it sends less than ${LEAST_BYTES_PER_SECOND} bytes a second`,
    isTimeOut: true,
  },
  [WIRE.headTooLarge]: HEAD_TOO_LARGE,
  [WIRE.badHeader]: { text: 'a header has characters that none may have', code: 'INVALID_DATA', retryable: false },
  UND_ERR_CONNECT_TIMEOUT: CONNECTING,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ENDED_EARLY,
  UND_ERR_SOCKET: CLOSED,
  UND_ERR_HEADERS_OVERFLOW: HEAD_TOO_LARGE,
  [CLIENT_CLOSED]: { text: 'the client was closed', retryable: false },
  UND_ERR_PRX_TLS: { text: 'TLS to the proxy failed', retryable: false },
}

function causeOf(reason: unknown, context: NetworkContext): Cause {
  const error = innermost(reason)
  const code = codeOf(error)
  const fixed = Object.hasOwn(FIXED, code) ? FIXED[code] : undefined
  if (fixed !== undefined) return fixed
  if (code === WIRE.headersTimeout || code === 'UND_ERR_HEADERS_TIMEOUT') {
    return { text: `time-out: no answer for ${seconds(context.headersTimeoutMs)}`, isTimeOut: true }
  }
  if (code === WIRE.bodyTimeout || code === 'UND_ERR_BODY_TIMEOUT') {
    return { text: `time-out: nothing more came for ${seconds(context.idleBodyTimeoutMs)}`, isTimeOut: true }
  }
  const message = quoteForeign(messageOf(error), 200)
  return proxyCause(message) ?? tlsCause(code, message) ?? parserCause(error, message) ?? { text: message }
}

/** OpenSSL's messages are for its own developers; its reason says what they say. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'library' in error && 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message
}

function proxyCause(message: string): Cause | undefined {
  if (/Proxy Authentication Required|Proxy response \(407\)/.test(message)) {
    return { text: 'the proxy asks for other credentials (407)', retryable: false }
  }
  const refused = /Proxy response \((\d+)\)/.exec(message)
  return refused === null ? undefined : { text: `the proxy refused the connection (status ${refused[1]})` }
}

const INSECURE = 'set its certificate authority (`ca`) in the TLS options of this host'

function tlsCause(code: string, message: string): Cause | undefined {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return { text: `its certificate is for another host (${message})`, retryable: false }
  }
  if (code === 'CERT_HAS_EXPIRED') return { text: 'its certificate has expired', retryable: false }
  if (code === 'CERT_NOT_YET_VALID') return { text: 'its certificate is not valid yet', retryable: false }
  if (/SELF_SIGNED|UNABLE_TO_|CERT_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH/.test(code)) {
    return { text: `its certificate is not trusted (${message}); ${INSECURE}`, retryable: false }
  }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(code)) {
    return { text: 'it does not speak TLS; if it is a plain HTTP server, say so with http://', retryable: false }
  }
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/.test(code)) {
    return { text: 'it speaks TLS 1.1 or older, which is not safe any more; update the server', retryable: false }
  }
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA/.test(code)) {
    return { text: `TLS refused by the server (${message}); it may want a client certificate`, retryable: false }
  }
  return /^ERR_SSL_|^ERR_TLS_|^EPROTO$|^ERR_OSSL/.test(code)
    ? { text: `TLS failed (${message})`, retryable: false }
    : undefined
}

function parserCause(error: unknown, message: string): Cause | undefined {
  const parser = error instanceof Error && (error.name === 'HTTPParserError' || error.name === 'UnsoundAnswer')
  return parser ? { text: `the answer is not sound HTTP/1.1 (${message})` } : undefined
}

/** The failure that says most: the first of several attempts, or what a wrapper was thrown for. */
function innermost(reason: unknown): unknown {
  if (reason instanceof AggregateError && reason.errors.length > 0) return innermost(reason.errors[0])
  return reason
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}

function seconds(ms: number): string {
  return ms >= 1000 ? `${Math.round(ms / 100) / 10} s` : `${ms} ms`
}
