import type { IncomingHttpHeaders } from 'node:http'
import type { Gate } from './auth.ts'
import type { ResolvedOptions } from './options.ts'
import type { Route } from './route.ts'
import type { Sessions } from './sessions.ts'
import type { SignatureLists } from './signatures.ts'
import type { RegistryStorage } from './storage.ts'

/** One request, as handlers see it. */
export interface Exchange {
  readonly method: string
  /** As sent, still percent-encoded. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly route: Route
  /** The request's body; can be iterated once, and need not be. */
  readonly body: AsyncIterable<Uint8Array>
  /** Bytes that the client announced, if it did. */
  readonly bodySize: number | undefined
  /** `http://127.0.0.1:5000`, as the client sees this server. */
  readonly origin: string
  /** Aborted when the connection closes or the server does. */
  readonly signal: AbortSignal
  /** Whether whoever asks may read a repository. */
  readonly mayRead: (repository: string) => boolean
  /** Closes the connection without an answer. */
  readonly drop: () => void
}

/** What handlers work on. */
export interface Registry {
  readonly storage: RegistryStorage
  readonly options: ResolvedOptions
  readonly sessions: Sessions
  readonly signatures: SignatureLists
  /** Undefined: everything is open to everybody. */
  readonly auth: Gate | undefined
}
