import type { IncomingHttpHeaders } from 'node:http'
import type { RouteKind } from './route.ts'

/** What a test asserts on and an access log prints. The last four fields grow until the answer is over. */
export interface RecordedRequest {
  readonly method: string
  /** As sent, without the query. */
  readonly path: string
  /** As sent, without the question mark. */
  readonly query: string
  readonly route: RouteKind
  /** As sent, `authorization` included. */
  readonly headers: IncomingHttpHeaders
  /** The Range header. */
  readonly range: string | undefined
  /** 0 until an answer begins, and if none did. */
  readonly status: number
  /** Bytes of the request's body that were read. */
  readonly bytesReceived: number
  /** Bytes of the answer's body. */
  readonly bytesSent: number
  /** The kinds of faults that were done to it. */
  readonly faults: readonly string[]
}

/** Sums over the life of the server. */
export interface RegistryCounters {
  readonly requests: number
  readonly bytesReceived: number
  readonly bytesSent: number
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

export type OpenRecord = Omit<Mutable<RecordedRequest>, 'faults'> & { readonly faults: string[] }

export interface Recorder {
  readonly requests: readonly RecordedRequest[]
  readonly counters: Mutable<RegistryCounters>
  begin(request: Omit<RecordedRequest, 'status' | 'bytesReceived' | 'bytesSent' | 'faults' | 'range'>): OpenRecord
  received(record: OpenRecord, bytes: number): void
  sent(record: OpenRecord, bytes: number): void
}

export function createRecorder(maxRequests: number): Recorder {
  const requests: RecordedRequest[] = []
  const counters = { requests: 0, bytesReceived: 0, bytesSent: 0 }
  return {
    requests,
    counters,
    begin: (request) => {
      const record = { ...request, range: request.headers.range, status: 0, bytesReceived: 0, bytesSent: 0, faults: [] }
      counters.requests += 1
      requests.push(record)
      if (requests.length > maxRequests) requests.splice(0, requests.length - maxRequests)
      return record
    },
    received: (record, bytes) => {
      record.bytesReceived += bytes
      counters.bytesReceived += bytes
    },
    sent: (record, bytes) => {
      record.bytesSent += bytes
      counters.bytesSent += bytes
    },
  }
}
