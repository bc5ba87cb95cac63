/** Which body a fault of the connection is about. */
export interface InBody {
  /** Bytes of the body that pass first. Default: none, and of an answer not even its headers. */
  readonly afterBytes?: number | undefined
  /** Default: `answer`. What passed of a request's body is handled as of any request that breaks off. */
  readonly of?: 'answer' | 'request' | undefined
}

/** Faults of the connection. */
export type ConnectionFault =
  /** The connection is closed. A body that is not longer than `afterBytes` passes. */
  | ({ readonly kind: 'cut' } & InBody)
  /** The connection is reset (RST; over TLS it is closed). */
  | ({ readonly kind: 'reset' } & InBody)
  /** Nothing more comes until the client leaves or the server closes. */
  | ({ readonly kind: 'hang' } & InBody)
  /** The answer begins later. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Both bodies flow at this rate; 2 bytes a second are a drip. */
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number }

/** Faults of what an answer carries. */
export type ContentFault =
  /** One byte of the body is another one. */
  | { readonly kind: 'corrupt'; readonly atByte: number }
  /** Content-Length says this much more (or, negative, less) than comes; then the connection closes. */
  | { readonly kind: 'wrongLength'; readonly byBytes: number }
  /** The body never ends. Default status: that of the answer. */
  | { readonly kind: 'endless'; readonly status?: number | undefined }
  /** The body is compressed with Content-Encoding: gzip, asked for or not. */
  | { readonly kind: 'gzip' }
  /** A page for people instead. Default status: 200. */
  | { readonly kind: 'html'; readonly status?: number | undefined }

/** Faults of the protocol that an action on headers or status expresses. */
export type AnswerFault =
  /** This instead; with `afterHandling` the request takes effect nevertheless. */
  | {
      readonly kind: 'respond'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>> | undefined
      readonly body?: string | Uint8Array | undefined
      readonly afterHandling?: boolean | undefined
    }
  /** Another status, other headers (lower-case names); null leaves a header out. */
  | {
      readonly kind: 'amend'
      readonly status?: number | undefined
      readonly headers?: Readonly<Record<string, string | null>> | undefined
    }
  /** The object that a JSON answer is has these members, too, or instead of its own of these names. */
  | { readonly kind: 'members'; readonly members: Readonly<Record<string, unknown>> }
  /** To `to`, in which `{path}` stands for the path and query asked for. Default status: 307. */
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number | undefined }
  /** `budget` requests pass, `refusals` (default: all) get 429 with Retry-After (default: none), the rest passes. */
  | {
      readonly kind: 'rateLimit'
      readonly budget: number
      readonly retryAfter?: string | undefined
      readonly refusals?: number | undefined
    }
  /** 401, with this challenge instead of the registry's own; null is none at all. */
  | { readonly kind: 'unauthorized'; readonly challenge?: string | null | undefined }
  /** Every token handed out so far is no longer valid, this request's own included. */
  | { readonly kind: 'expireTokens' }
  /** Docker-Content-Digest names something else. */
  | { readonly kind: 'wrongDigest' }

/** Faults of ranges, uploads and lists. */
export type ProtocolFault =
  /** 200 and everything, whatever Range says. */
  | { readonly kind: 'ignoreRange' }
  /** 416 for every Range. */
  | { readonly kind: 'refuseRange' }
  /** Content-Range begins and ends this much later than the body. */
  | { readonly kind: 'shiftContentRange'; readonly byBytes: number }
  /** Every answer has another ETag. */
  | { readonly kind: 'changeEtag' }
  /** The session is gone when the request comes. */
  | { readonly kind: 'forgetUpload' }
  /** The Range of an answer about an upload is this much behind what is stored. */
  | { readonly kind: 'staleRange'; readonly byBytes: number }
  /** The Location of an answer about an upload is old when it arrives, as if an earlier request had come to its end meanwhile. */
  | { readonly kind: 'staleLocation' }
  /** Refuses bodies above this size unread. Default status: 413. */
  | { readonly kind: 'tooLarge'; readonly aboveBytes: number; readonly status?: number | undefined }
  /** Opens an upload session instead of mounting. */
  | { readonly kind: 'refuseMount' }
  /** `"tags": null` */
  | { readonly kind: 'nullTags' }
  /** Link leads to the same page again. */
  | { readonly kind: 'repeatPage' }
  /** Link leads to this place. */
  | { readonly kind: 'linkTo'; readonly url: string }
  /** Referrers, and tags of the form `sha256-…`, are answered with the subject itself. */
  | { readonly kind: 'subjectAsReferrers' }

/** What is done to a request; each is plain data. */
export type FaultAction = ConnectionFault | ContentFault | AnswerFault | ProtocolFault
