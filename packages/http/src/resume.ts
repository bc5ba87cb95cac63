import { ImageError, report } from '@crossdock/core'
import { decompress, delay, skipBytes } from '@crossdock/streams'
import { claimedSize } from './claimed-size.ts'
import { parseContentRange } from './content-range.ts'
import { failureText } from './failure-text.ts'
import type { HttpHandler, HttpRequest, HttpResponse } from './http.ts'
import { exhausted, isNetworkFailure } from './network-error.ts'
import { redactUrl } from './redact.ts'

export interface ResumeOptions {
  /** Where to begin, in bytes. Default: 0. */
  readonly offset?: number | undefined
  /** All bytes of the content, whatever the offset. If it is not known, ranges are open-ended. */
  readonly size?: number | undefined
  /** Where to stop, in bytes from the content's beginning. Default: its end. */
  readonly end?: number | undefined
  /** How often in a row it may bring less than 64 KiB (or the rest, if that is less). Default: 4. */
  readonly maxAttempts?: number | undefined
  /** The pause after an attempt that brought little; it doubles from there. None after one that brought enough. Default: 500. */
  readonly retryDelayMs?: number | undefined
  /** Makes the error of an answer that has not the content. Default: `NOT_FOUND`, `FORBIDDEN`, `RATE_LIMITED` or `UNAVAILABLE`. */
  readonly refused?: ((response: HttpResponse) => Promise<Error>) | undefined
  /** The answer to `resumeRequest(request, options)`, if it was asked for already. */
  readonly opened?: HttpResponse | undefined
}

const MIN_PROGRESS_BYTES = 64 * 1024

/** The request for the content from `offset` on. Never asks past the last byte, which some servers refuse. */
export function resumeRequest(request: HttpRequest, { offset = 0, size, end = size }: ResumeOptions = {}): HttpRequest {
  if (offset === 0 && end === size) return request
  const range = `bytes=${offset}-${end === undefined ? '' : end - 1}`
  return { ...request, headers: { ...request.headers, range } }
}

/**
 * A body that survives cuts, resets and silence: it is asked for again from the byte where it ended, each time at the original
 * URL, so that an expired signed URL is replaced. Where the server cannot do ranges, the head is read and dropped.
 *
 * What comes with the content encoding gzip is unpacked, since digests are over the bytes without it, unless it has just the size
 * that it should have: then it only says so.
 *
 * Throws `UNAVAILABLE` after attempts without progress, with their number (not retryable: they were made), and if the content changed on
 * the way (retryable, from the start); `UNSUPPORTED` for other content encodings; `DIGEST_MISMATCH` if there is more than `size`, and
 * if two answers in a row say the same other size: one of them may come from a proxy that cuts off, two are what the server has. Whether the bytes are the right ones is the reader's to verify.
 */
export async function* resumableBody(
  client: { readonly request: HttpHandler },
  request: HttpRequest,
  options: ResumeOptions = {},
): AsyncGenerator<Uint8Array> {
  const progress = createProgress(options)
  if (progress.position === progress.stop) {
    await options.opened?.discard()
    return
  }
  let response = options.opened
  for (;;) {
    const before = progress.position
    try {
      response ??= await client.request(nextRequest(request, progress))
      yield* attempt(response, request, progress)
      if (progress.stop === undefined || progress.position === progress.stop) return
      throw endedEarly(request, progress)
    } catch (error) {
      request.signal?.throwIfAborted()
      // All of it came, only the end did not.
      if (isNetworkFailure(error) && progress.position === options.size) return
      // Before its head came the client has tried as often as it does.
      if (response === undefined) throw error
      await response.discard()
      if (!isResumable(error)) throw error
      await progress.pause(error, { before, request })
    }
    response = undefined
  }
}

interface Progress {
  position: number
  /** Where it is to end; undefined if nobody knows. */
  readonly stop: number | undefined
  readonly options: ResumeOptions
  /** A strong ETag and where it was seen: another server may name the same content otherwise. */
  tag: { readonly value: string; readonly origin: string } | undefined
  ranges: boolean
  /** The size that the last answer said, if it is another one than it should be. */
  otherSize: number | undefined
  /** After a failed attempt: waits, or throws the error if there is no point in going on. */
  pause(error: ImageError, at: { readonly before: number; readonly request: HttpRequest }): Promise<void>
}

function createProgress(options: ResumeOptions): Progress {
  const attempts = options.maxAttempts ?? 4
  const stop = options.end ?? options.size
  let fruitless = 0
  return {
    position: options.offset ?? 0,
    stop,
    options,
    tag: undefined,
    ranges: true,
    otherSize: undefined,
    async pause(error, { before, request }) {
      const wanted = Math.min(MIN_PROGRESS_BYTES, (stop ?? Number.POSITIVE_INFINITY) - before)
      fruitless = this.position - before >= wanted ? 0 : fruitless + 1
      if (fruitless >= attempts) throw exhausted(error, fruitless)
      const delayMs = fruitless === 0 ? 0 : (options.retryDelayMs ?? 500) * 2 ** (fruitless - 1)
      report(request, {
        type: 'retry',
        side: request.side,
        what: request.what,
        code: error.code,
        reason: `${error.message}; going on at byte ${this.position}`,
        attempt: Math.max(fruitless, 1),
        attempts,
        delayMs,
      })
      await delay(delayMs, request.signal)
    },
  }
}

function nextRequest(request: HttpRequest, { position, options, ranges, tag }: Progress): HttpRequest {
  if (!ranges) return request
  const next = resumeRequest(request, { ...options, offset: position })
  if (tag === undefined || next === request) return next
  return { ...next, headers: { ...next.headers, 'if-range': tag.value } }
}

/** Failures of this attempt that another one may not have. */
const resumable = new WeakSet<ImageError>()

function isResumable(error: unknown): error is ImageError {
  return isNetworkFailure(error) ? error.retryable : error instanceof ImageError && resumable.has(error)
}

function worthAnotherTry(request: HttpRequest, why: string): ImageError {
  const error = new ImageError('UNAVAILABLE', `${request.what}: ${why}`, { side: request.side })
  resumable.add(error)
  return error
}

async function* attempt(response: HttpResponse, request: HttpRequest, progress: Progress): AsyncGenerator<Uint8Array> {
  const { size, end } = progress.options
  for await (const chunk of await bodyAtPosition(response, request, progress)) {
    if (end !== undefined && progress.position + chunk.byteLength > end) {
      // A server that does not do ranges gives all.
      const last = chunk.subarray(0, end - progress.position)
      progress.position = end
      if (last.byteLength > 0) yield last
      return
    }
    if (size !== undefined && progress.position + chunk.byteLength > size) {
      throw new ImageError(
        'DIGEST_MISMATCH',
        `${request.what}: ${response.url.host} sends more than the ${size} bytes it should be`,
        {
          side: request.side,
        },
      )
    }
    progress.position += chunk.byteLength
    yield chunk
  }
}

async function bodyAtPosition(
  response: HttpResponse,
  request: HttpRequest,
  progress: Progress,
): Promise<AsyncIterable<Uint8Array>> {
  const { position, options } = progress
  checkSize(response, request, progress)
  if (response.status === 416 && progress.ranges) {
    progress.ranges = false
    throw worthAnotherTry(request, `${response.url.host} refuses the range from byte ${position} on`)
  }
  if (response.status !== 200 && response.status !== 206) throw await refusal(response, request, options)
  checkTag(response, request, progress)
  if (response.status === 200) {
    const body = decoded(response, request, options)
    return position === 0 ? body : skipBytes(body, position)
  }
  if (isRangeFrom(position, response, options)) return response.body
  progress.ranges = false
  throw worthAnotherTry(request, `${response.url.host} sent another range than the one from byte ${position} on`)
}

function isRangeFrom(position: number, response: HttpResponse, { size }: ResumeOptions): boolean {
  const range = parseContentRange(response.headers.get('content-range'))
  if (range?.first !== position) return false
  // A range of packed content counts the packed bytes, and shows it by their number.
  if (contentEncoding(response) !== undefined) return size !== undefined && range.total === size
  return size === undefined || (range.total ?? size) === size
}

function contentEncoding({ headers }: HttpResponse): string | undefined {
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  return encoding === '' || encoding === 'identity' ? undefined : encoding
}

/** Of an answer with everything. */
function decoded(response: HttpResponse, request: HttpRequest, { size }: ResumeOptions): AsyncIterable<Uint8Array> {
  const encoding = contentEncoding(response)
  const isGzip = encoding === 'gzip' || encoding === 'x-gzip'
  const isOnlySaid = isGzip && size !== undefined && response.headers.get('content-length') === String(size)
  if (encoding === undefined || isOnlySaid) return response.body
  if (isGzip) return decompress(response.body, { limitBytes: size ?? Number.POSITIVE_INFINITY })
  throw new ImageError(
    'UNSUPPORTED',
    `${request.what}: ${redactUrl(response.url)} is sent with a content encoding that was not asked for; ` +
      'a proxy or the server packs what has to arrive byte for byte: switch that off there',
    { side: request.side },
  )
}

function checkSize(response: HttpResponse, request: HttpRequest, progress: Progress): void {
  const { size } = progress.options
  const claimed = claimedSize(response)
  if (size === undefined || claimed === undefined) return
  if (claimed !== size && claimed === progress.otherSize) {
    throw new ImageError(
      'DIGEST_MISMATCH',
      `${request.what}: it has ${claimed} bytes at ${response.url.host}, where it should have ${size}: it was damaged or replaced`,
      { side: request.side },
    )
  }
  progress.otherSize = claimed === size ? undefined : claimed
}

function checkTag(response: HttpResponse, request: HttpRequest, progress: Progress): void {
  const value = response.headers.get('etag')
  const { origin, host } = response.url
  if (value === undefined || !/^"[\x21\x23-\x7e]*"$/.test(value)) return
  if (progress.tag !== undefined && progress.tag.origin === origin && progress.tag.value !== value) {
    throw new ImageError(
      'UNAVAILABLE',
      `${request.what}: the content at ${host} changed while it was read; start again`,
      {
        side: request.side,
      },
    )
  }
  progress.tag = { value, origin }
}

async function refusal(response: HttpResponse, request: HttpRequest, options: ResumeOptions): Promise<Error> {
  // Elsewhere than asked, this is what an expired signed URL looks like; the next attempt gets a new one.
  if (response.status === 403 && response.url.origin !== request.url.origin) {
    const said = await failureText(response, request.signal)
    const error = new ImageError('FORBIDDEN', `${request.what}: ${redactUrl(response.url)}: ${said}`, {
      side: request.side,
    })
    resumable.add(error)
    return error
  }
  if (options.refused !== undefined) return await options.refused(response)
  const text = `${request.what}: ${redactUrl(response.url)}: ${await failureText(response, request.signal)}`
  return new ImageError(codeFor(response.status), text, { side: request.side })
}

function codeFor(status: number): 'NOT_FOUND' | 'FORBIDDEN' | 'RATE_LIMITED' | 'UNAVAILABLE' | 'INVALID_DATA' {
  if (status === 404 || status === 410) return 'NOT_FOUND'
  if (status === 403) return 'FORBIDDEN'
  if (status === 429) return 'RATE_LIMITED'
  return status >= 500 || status === 408 ? 'UNAVAILABLE' : 'INVALID_DATA'
}

function endedEarly(request: HttpRequest, { position, options }: Progress): ImageError {
  return worthAnotherTry(request, `the content ended at byte ${position} of ${options.end ?? options.size}`)
}
