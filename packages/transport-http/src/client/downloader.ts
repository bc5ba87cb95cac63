import { type Digest, ImageError, type OperationOptions, report } from '@crossdock/core'
import { type HttpResponse, redactUrl } from '@crossdock/http'
import { delay, skipBytes } from '@crossdock/streams'
import { isDeferred, isNotModified, isPart, isPastTheEnd, isWhole, refusalError } from '../errors.ts'
import type { DownloadSession } from './download-session.ts'
import { createDownloadProgress, type DownloadProgress } from './download-progress.ts'
import { type CachePolicy, cachePolicy } from './freshness.ts'
import type { HttpOperations } from './http-operations.ts'
import { contentHead, joinProblem, rangeFrom, rangeHeaders } from './ranges.ts'
import { conditionHeaders, type Validators, validatorsOf } from './validators.ts'

export interface DownloadRequest {
  readonly url: URL
  /** What this is, for messages: `the archive https://example.com/app.tar`. */
  readonly what: string
  /** Content that is there already: it is asked only for another one, unless a part of that is there. Default: none. */
  readonly known?: Validators | undefined
  /** Gives the file of the content its name. */
  readonly target: (digest: Digest) => string
}

/** What became of a download. */
export type DownloadOutcome =
  | (Answered & {
      readonly kind: 'downloaded'
      readonly digest: Digest
      /** Whether it was put together from several answers. */
      readonly isJoined: boolean
    })
  /** The content is the one that is known. */
  | (Answered & { readonly kind: 'not-modified' })
  /** The server has not made it yet, and asks to come back (status 202). */
  | { readonly kind: 'deferred' }

interface Answered {
  readonly validators: Validators
  readonly cache: CachePolicy
}

export interface DownloaderOptions {
  readonly operations: HttpOperations
  /** The most bytes that are taken. */
  readonly limitBytes: number
  /** How often in a row an answer may bring nothing new. Default: 4. */
  readonly maxAttempts?: number | undefined
  /** The pause after the first of those; it doubles from there. Default: 500. */
  readonly retryDelayMs?: number | undefined
}

/** Moves the content of a URL into a session. */
export interface Downloader {
  /**
   * An answer that breaks off is gone on with where it ended, if a validator proves that the rest is of the same content: `Range` with `If-Range`,
   * and a `Content-Range` that fits. Whatever else comes is written from the beginning, never behind what is there.
   *
   * Throws `NOT_FOUND`, `UNAUTHENTICATED`, `FORBIDDEN` and the like for what the server says, `UNAVAILABLE` after attempts without progress,
   * `LIMIT_EXCEEDED`, `INVALID_DATA` for answers that make no sense, `IO`.
   */
  download(request: DownloadRequest, operation?: OperationOptions): Promise<DownloadOutcome>
}

/** One download through a session: composed of what asks, {@link HttpOperations}, and of where the bytes go, {@link DownloadSession}. */
export function createDownloader(session: DownloadSession, options: DownloaderOptions): Downloader {
  return {
    async download(request, operation = {}) {
      const run: Run = { session, options, request, operation, progress: createDownloadProgress(request, operation) }
      return await runToEnd(run)
    },
  }
}

interface Run {
  readonly session: DownloadSession
  readonly options: DownloaderOptions
  readonly request: DownloadRequest
  readonly operation: OperationOptions
  readonly progress: DownloadProgress
}

const MIN_PROGRESS_BYTES = 64 * 1024

async function runToEnd(run: Run): Promise<DownloadOutcome> {
  const { session, options, operation } = run
  const { maxAttempts = 4, retryDelayMs = 500 } = options
  let fruitless = 0
  let useRanges = true
  let furthest = session.position
  for (;;) {
    const step = await attempt(run, useRanges)
    if ('outcome' in step) return step.outcome
    const wanted = Math.min(MIN_PROGRESS_BYTES, (session.head?.total ?? Number.POSITIVE_INFINITY) - furthest)
    fruitless = session.position >= furthest + Math.max(1, wanted) ? 0 : fruitless + 1
    furthest = Math.max(furthest, session.position)
    useRanges = step.rangesWork
    if (fruitless >= maxAttempts) throw exhausted(run, step.reason, fruitless)
    const delayMs = fruitless === 0 ? 0 : retryDelayMs * 2 ** (fruitless - 1)
    announce(run, step.reason, { attempt: Math.max(fruitless, 1), attempts: maxAttempts, delayMs })
    await delay(delayMs, operation.signal)
  }
}

type Step =
  | { readonly outcome: DownloadOutcome }
  /** It is to be tried again. */
  | { readonly reason: ImageError; readonly rangesWork: boolean }

async function attempt(run: Run, useRanges: boolean): Promise<Step> {
  const { session, options, request, operation } = run
  const from = useRanges ? rangeFrom(session) : 0
  const headers = from > 0 ? rangeHeaders(session, from) : conditionHeaders(request.known ?? {})
  const { url, what } = request
  const response = await options.operations.get(url, { ...operation, what, headers })
  try {
    if (isDeferred(response)) return { outcome: { kind: 'deferred' } }
    if (isNotModified(response) && from === 0 && Object.keys(headers).length > 0) {
      return { outcome: { kind: 'not-modified', ...answered(response) } }
    }
    if (isPastTheEnd(response) && from > 0) return await atTheEnd(run, response)
    if (isPart(response) && from > 0) {
      const problem = joinProblem(response, session, from)
      if (problem !== undefined) return again(run, `${response.url.host} ${problem}`, false)
      session.join()
      return await receive(run, response, session.position - from)
    }
    if (!isWhole(response)) throw await refusalError(response, { what, signal: operation.signal })
    await session.begin(contentHead(response, what))
    return await receive(run, response, 0)
  } finally {
    await response.discard()
  }
}

/** Takes the body, without the bytes at its beginning that are there already. */
async function receive(run: Run, response: HttpResponse, known: number): Promise<Step> {
  const { session, options, operation, progress } = run
  const total = session.head?.total
  if (total !== undefined && total > options.limitBytes) throw tooLarge(run)
  progress.begin(session.position, total)
  try {
    await takeChunks(run, skipBytes(response.body, known))
  } catch (reason) {
    operation.signal?.throwIfAborted()
    if (!(reason instanceof ImageError) || reason.code !== 'UNAVAILABLE' || !reason.retryable) throw reason
    return { reason, rangesWork: true }
  }
  if (total !== undefined && session.position < total) {
    return again(run, `the content ended at byte ${session.position} of ${total}`, true)
  }
  return await finished(run, response)
}

async function takeChunks(run: Run, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const { session, options, operation, progress } = run
  const { total = Number.POSITIVE_INFINITY } = session.head ?? {}
  for await (const chunk of chunks) {
    operation.signal?.throwIfAborted()
    const end = session.position + chunk.byteLength
    if (end > options.limitBytes) throw tooLarge(run)
    if (end > total) throw invalid(run, `more came than the ${total} bytes that were announced`)
    await session.write(chunk)
    progress.moved(end)
  }
}

/** 416: the end was reached before, if the size says so. */
async function atTheEnd(run: Run, response: HttpResponse): Promise<Step> {
  const [, size] = /^bytes[ \t]+\*\/(\d{1,15})$/i.exec(response.headers.get('content-range')?.trim() ?? '') ?? []
  const { etag } = validatorsOf(response.headers)
  const isSame = etag === undefined || etag === run.session.head?.etag
  if (isSame && Number(size) === run.session.position) return await finished(run, response)
  return again(run, `${response.url.host} refuses the range from byte ${run.session.position} on`, false)
}

async function finished({ session, request }: Run, response: HttpResponse): Promise<Step> {
  const { isJoined, head = {} } = session
  const digest = await session.finish(request.target)
  const { etag = head.etag, lastModified = head.lastModified } = validatorsOf(response.headers)
  const validators = { etag, lastModified, strong: head.strong }
  return { outcome: { kind: 'downloaded', digest, isJoined, validators, cache: cachePolicy(response.headers) } }
}

function answered({ headers }: HttpResponse): Answered {
  return { validators: validatorsOf(headers), cache: cachePolicy(headers) }
}

function again({ request }: Run, why: string, rangesWork: boolean): Step {
  return { reason: new ImageError('UNAVAILABLE', `${request.what}: ${why}`, { side: 'source' }), rangesWork }
}

function exhausted({ request }: Run, { code, message, cause }: ImageError, attempts: number): ImageError {
  const what = message.startsWith(request.what) ? message : `${request.what}: ${message}`
  return new ImageError(code, `${what} (after ${attempts} attempts)`, { side: 'source', retryable: false, cause })
}

function announce(
  { session, request, operation }: Run,
  { code, message }: ImageError,
  counts: { readonly attempt: number; readonly attempts: number; readonly delayMs: number },
): void {
  const { what } = request
  const next = session.head?.strong === undefined ? 'beginning anew' : `going on at byte ${session.position}`
  report(operation, { type: 'retry', side: 'source', what, code, reason: `${message}; ${next}`, ...counts })
}

function tooLarge(run: Run): ImageError {
  run.session.spoil()
  const { request, options } = run
  return new ImageError(
    'LIMIT_EXCEEDED',
    `${request.what} has more than ${options.limitBytes} bytes, the most that are taken`,
    {
      side: 'source',
    },
  )
}

function invalid(run: Run, why: string): ImageError {
  run.session.spoil()
  return new ImageError('INVALID_DATA', `${run.request.what}: ${redactUrl(run.request.url)}: ${why}`, {
    side: 'source',
  })
}
