import type { OperationOptions, Side } from '@crossdock/core'

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A request body that can be opened again, so that a retry, a fresh token or a redirect can send it anew. */
export interface HttpBody {
  /** Exact number of bytes that `open` yields. */
  readonly size: number
  open(): AsyncIterable<Uint8Array>
}

export interface HttpRequest extends OperationOptions {
  readonly method: HttpMethod
  readonly url: URL
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Uint8Array | HttpBody | undefined
  /** What this is, for messages and retry events: `blob sha256:0123456789ab of docker://example.com/app`. */
  readonly what: string
  readonly side?: Side | undefined
  /** Bearer scopes that it needs, `repository:library/alpine:pull`; the first is the main one. Default: none. */
  readonly scopes?: readonly string[] | undefined
  /**
   * Whether the request may be sent again by itself after a network failure, 408, 429 or a 5xx. Default: true for GET and
   * HEAD, false for the others. (Where the server says with 429 that it did nothing, every request is sent again.)
   */
  readonly idempotent?: boolean | undefined
  /** How often it is sent at most. Default: as the client's options say. */
  readonly attempts?: number | undefined
  /** Default: true for GET and HEAD. A redirect of another method is handed back as the response. */
  readonly followRedirects?: boolean | undefined
  /** Never authenticates and sends no credential: for URLs that an image names. Default: false. */
  readonly anonymous?: boolean | undefined
  /**
   * Makes the headers that prove who the user is, for each sending anew. Along with redirects within the origin alone; a 401 is handed back, and no other
   * credential goes with it. Default: none.
   */
  readonly sign?: RequestSigner | undefined
  /** The 401 that the same request got when it was sent `anonymous`: it is answered, and not asked for again. */
  readonly refused?: HttpResponse | undefined
  /**
   * What the user named, if `url` came from a server instead (an upload `Location`, a `Link`). `url` is then judged by
   * `checkServerUrl`, and no credential goes to it unless it has the same origin.
   */
  readonly base?: URL | undefined
  /**
   * Of a document: bytes up to which it is read before it is handed over, so that one that breaks off is asked for again. A larger
   * one is handed over as far as it came. Default: none, the body is handed over unread, as it is with one attempt alone.
   */
  readonly wholeUpToBytes?: number | undefined
}

/** Signs a request as it is about to be sent, at a time in milliseconds since the epoch; undefined if it goes unsigned. */
export type RequestSigner = (
  request: Pick<HttpRequest, 'method' | 'url' | 'headers' | 'body'>,
  now: number,
) => RequestSignature | undefined

export interface RequestSignature {
  /** They replace those of the request of the same names. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** What of them, and of what they were made of, is never to be shown. */
  readonly secrets: readonly string[]
}

export interface HttpHeaders {
  /** The value of a header that comes once; several are joined by ", ". Case does not matter. */
  get(name: string): string | undefined
  /** Every value, one for each time the header comes. */
  all(name: string): readonly string[]
}

/**
 * Whatever its status is: only failures of the network and of authentication throw. (A 401 is handed back for a request
 * that is anonymous, is signed or has its own `authorization`; otherwise it is answered, and if that does not help it throws `UNAUTHENTICATED`.)
 */
export interface HttpResponse {
  readonly status: number
  readonly headers: HttpHeaders
  /** Where the answer came from, after redirects. */
  readonly url: URL
  /** How often the request was sent until this answer came, from 1. */
  readonly attempts?: number | undefined
  /** It says that it may be different later, and was asked for as often as is done: asking on at once is of no use. */
  readonly exhausted?: boolean | undefined
  /** What proved who the user is in the request. A server may send it back; it is never to be shown. */
  readonly secrets?: readonly string[] | undefined
  /** The `Authorization` header of the request that was answered so; undefined if it had none that the client made. A secret. */
  readonly authorization?: string | undefined
  /**
   * The bytes as they were sent (no content decoding). To be read to its end, left early or discarded: until then it holds
   * its connection. Throws `UNAVAILABLE` if the connection breaks, ends early or is silent for the idle time.
   */
  readonly body: AsyncIterable<Uint8Array>
  /** Drops what is left of the body. */
  discard(): Promise<void>
}

/** Sends a request and waits for the head of the answer. */
export type HttpHandler = (request: HttpRequest) => Promise<HttpResponse>

/** One concern of the client, wrapped round the rest of it. */
export type HttpLayer = (next: HttpHandler) => HttpHandler
