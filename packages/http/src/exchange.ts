import type { HttpHeaders, HttpRequest, HttpResponse } from './http.ts'
import { networkError } from './network-error.ts'
import type { ResolvedOptions } from './options.ts'
import { type BodySource, createResponseBody, type ResponseBody } from './response-body.ts'
import { createUploadBody, type UploadBody } from './upload-body.ts'

/** One request and its answer, as the connection that carries them tells what happens. */
export interface Exchange {
  readonly request: HttpRequest
  /** The streamed body of the request. */
  readonly upload: UploadBody | undefined
  /** Whether nothing more is to be told: it has ended, failed or been aborted. */
  readonly over: boolean
  /** Whether somebody waits for the next bytes of the answer's body. */
  readonly wanted: boolean
  /** Where the answer can be held up and cut off; called before anything is sent. */
  started(connection: BodySource): void
  answered(status: number, headers: HttpHeaders): void
  received(chunk: Uint8Array): void
  ended(): void
  fail(reason: unknown): void
}

export interface ExchangeParts {
  readonly request: HttpRequest
  readonly options: Pick<ResolvedOptions, 'headersTimeoutMs' | 'idleBodyTimeoutMs'>
  readonly resolve: (response: HttpResponse) => void
  readonly reject: (error: unknown) => void
  /** Told once, when the request has a connection or gives up waiting for one. */
  readonly settled?: (() => void) | undefined
}

/** What happens to one request, whichever of end, failure and abort comes first. */
export function createExchange({ request, options, resolve, reject, settled }: ExchangeParts): Exchange {
  const { signal } = request
  const upload = streamed(request)
  let connection: BodySource | undefined
  let body: ResponseBody | undefined
  let over = false

  function finish(): void {
    over = true
    signal?.removeEventListener('abort', abort)
    settled?.()
    upload?.close()
  }

  function abort(): void {
    finish()
    if (body === undefined) reject(signal?.reason)
    else body.fail(signal?.reason, { drop: true })
    connection?.abort()
  }

  signal?.addEventListener('abort', abort, { once: true })
  return {
    request,
    upload,
    get over() {
      return over
    },
    get wanted() {
      return body?.wanted ?? false
    },
    started(running) {
      settled?.()
      connection = running
      if (over) running.abort()
    },
    answered(status, headers) {
      if (status < 200 || over || connection === undefined) return
      // The server has decided: what it has not read by now it does not want.
      if (status >= 300) upload?.pause()
      const incoming = createResponseBody(connection)
      body = incoming
      resolve({ status, headers, url: request.url, body: incoming, discard: () => incoming.discard() })
    },
    received: (chunk) => body?.push(chunk),
    ended() {
      if (over) return
      finish()
      body?.end()
    },
    fail(reason) {
      if (over) return
      const state = { sent: connection !== undefined, answered: body !== undefined, ...options }
      const error =
        upload?.failure === undefined ? networkError(reason, { ...request, ...state }) : upload.failure.error
      finish()
      if (body === undefined) reject(error)
      else body.fail(error)
    },
  }
}

function streamed({ body, what }: HttpRequest): UploadBody | undefined {
  return body === undefined || body instanceof Uint8Array ? undefined : createUploadBody(body, what)
}
