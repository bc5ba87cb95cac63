import type { Digest, OperationOptions } from '@crossdock/core'

/** What was fetched from a URL, and until when it need not be fetched again (RFC 9111). */
export interface HttpRecord {
  /** Without user, password and fragment: they are left out where a record is stored or looked up. */
  readonly url: string
  readonly etag?: string | undefined
  /** The header's text. */
  readonly lastModified?: string | undefined
  /** Milliseconds. */
  readonly maxAgeMs?: number | undefined
  readonly expiresAt?: Date | undefined
  /** The content that was fetched. Whether it is still there the content store says. */
  readonly digest: Digest
  readonly lastUsedAt: Date
}

export type NewHttpRecord = Omit<HttpRecord, 'lastUsedAt'>

/** Records of fetches by URL, the same for every namespace. A digest that is in one is not kept from being collected. */
export interface HttpRecords {
  get(url: string, options?: OperationOptions): Promise<HttpRecord | undefined>
  /** Creates or replaces. Without `expiresAt` it is the time now and `maxAgeMs`, if that is given. */
  put(record: NewHttpRecord, options?: OperationOptions): Promise<HttpRecord>
  /** Notes that it was used now. Throws `NOT_FOUND`. */
  touch(url: string, options?: OperationOptions): Promise<void>
  /** Ordered by URL. */
  list(options?: OperationOptions): Promise<readonly HttpRecord[]>
  /** Throws `NOT_FOUND`. */
  delete(url: string, options?: OperationOptions): Promise<void>
}
