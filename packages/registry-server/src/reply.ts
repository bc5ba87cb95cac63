/** The body of an answer; not opened for HEAD. */
export interface ReplyBody {
  /** Bytes, for Content-Length; without it the answer is sent in chunks. */
  readonly size?: number | undefined
  open(): AsyncIterable<Uint8Array>
}

/**
 * An answer as a value. Handlers make it and know nothing of sockets; faults change it; `send` puts it on the wire.
 * Header names are lower-case.
 */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body?: ReplyBody | undefined
}
