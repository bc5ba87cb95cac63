import { quoteForeign } from '@crossdock/core'
import type { Reply } from './reply.ts'

/** The error codes of distribution-spec, "Error Codes". */
export type RegistryErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS'
  | 'UNKNOWN'

export interface RefusalOptions {
  readonly code: RegistryErrorCode
  readonly message: string
  /** One error per entry; without it there is one error without detail. */
  readonly details?: readonly unknown[] | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** A request that is answered with an error document; thrown by handlers, turned into a reply by the dispatcher. */
export class Refusal extends Error {
  readonly status: number
  readonly options: RefusalOptions

  constructor(status: number, options: RefusalOptions) {
    super(options.message)
    this.status = status
    this.options = options
  }
}

export function refusalReply({ status, options }: Refusal): Reply {
  const { code, details, headers } = options
  const message = quoteForeign(options.message)
  const errors = (details ?? [undefined]).map((detail) => ({ code, message, ...(detail !== undefined && { detail }) }))
  return jsonReply(status, { errors }, headers)
}

export function jsonReply(status: number, document: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return bytesReply(status, Buffer.from(`${JSON.stringify(document)}\n`), {
    'content-type': 'application/json',
    ...headers,
  })
}

export function bytesReply(status: number, bytes: Uint8Array, headers: Readonly<Record<string, string>>): Reply {
  return {
    status,
    headers,
    body: {
      size: bytes.byteLength,
      async *open() {
        if (bytes.byteLength > 0) yield bytes
      },
    },
  }
}
