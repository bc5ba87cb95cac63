import { join } from 'node:path'
import { createFolder, createWithParents, readBounded, replaceFile } from '@crossdock/blob-files'
import { type Digest, digestEncoded, digestOf, ImageError, isDigest, type OperationOptions } from '@crossdock/core'
import { redactUrl } from '@crossdock/http'
import { isObject, member, parseJsonDocument } from '@crossdock/formats'

/** What was fetched from a URL, and until when it need not be asked for again (RFC 9111). */
export interface HttpRecord {
  /** With a hash in place of its query, and as `https+unverified:` if nobody checked the server's certificate. */
  readonly url: string
  readonly etag?: string | undefined
  /** The header's text. */
  readonly lastModified?: string | undefined
  /** Milliseconds. */
  readonly maxAgeMs?: number | undefined
  readonly expiresAt?: Date | undefined
  /** The content that was fetched. */
  readonly digest: Digest
}

/** Where records are kept; that of `@crossdock/store` fits. */
export interface HttpRecords {
  get(url: string, options?: OperationOptions): Promise<HttpRecord | undefined>
  /** Creates or replaces. */
  put(record: HttpRecord, options?: OperationOptions): Promise<unknown>
}

const MAX_BYTES = 64 * 1024

/**
 * Records as small files of a folder, which is made when it is needed and readable to its owner alone. They are named by a hash of the URL, for its query may
 * hold a secret. A record that is damaged is none.
 */
export function fileRecords(folder: string): HttpRecords {
  const fileOf = (url: string): string => join(folder, `${urlId(url)}.json`)
  return {
    async get(url) {
      try {
        const bytes = await readBounded(fileOf(url), { limitBytes: MAX_BYTES, what: 'the record of a download' })
        return recordOf(parseJsonDocument(bytes, { what: 'the record of a download', maxBytes: MAX_BYTES }), url)
      } catch (reason) {
        if (reason instanceof ImageError && reason.code !== 'IO') return undefined
        throw reason
      }
    },
    async put({ url, expiresAt, ...record }) {
      await createWithParents(folder)
      await createFolder(folder)
      const document = { url: redactUrl(url), ...record, expiresAt: expiresAt?.toISOString() }
      const bytes = new TextEncoder().encode(JSON.stringify(document))
      await replaceFile(fileOf(url), { bytes, work: folder, durable: false, mode: 0o600 })
    },
  }
}

/**
 * The URL as a record has it: its query, which may hold a secret, becomes a hash. What came while nobody checked the server's certificate has another scheme:
 * anybody may have sent it, with the validators of the real content, so that it must not count where certificates are checked.
 */
export function recordUrl({ href, search }: URL, isUnverified: boolean): string {
  const plain = search === '' ? href : `${href.slice(0, href.indexOf('?'))}?${urlId(search)}`
  return isUnverified ? plain.replace(':', '+unverified:') : plain
}

/** What stands for a URL in the name of a file. */
export function urlId(url: string): string {
  return digestEncoded(digestOf(new TextEncoder().encode(url)))
}

function recordOf(document: unknown, url: string): HttpRecord | undefined {
  if (!isObject(document)) return undefined
  const [digest, maxAgeMs] = [member(document, 'digest'), member(document, 'maxAgeMs')]
  const expires = member(document, 'expiresAt')
  if (!isDigest(digest)) return undefined
  const expiresAt = typeof expires === 'string' ? new Date(expires) : undefined
  return {
    url,
    digest,
    etag: headerText(member(document, 'etag')),
    lastModified: headerText(member(document, 'lastModified')),
    maxAgeMs: Number.isSafeInteger(maxAgeMs) ? Number(maxAgeMs) : undefined,
    expiresAt: expiresAt === undefined || Number.isNaN(expiresAt.getTime()) ? undefined : expiresAt,
  }
}

/** It goes back into a header. */
function headerText(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\x20-\x7e]{1,1024}$/.test(value) ? value : undefined
}

/** Whether the content need not be asked for again. A clock that went back makes it stale: nothing lasts longer than it was promised to. */
export function isFresh({ expiresAt, maxAgeMs }: HttpRecord, now: number): boolean {
  const leftMs = (expiresAt?.getTime() ?? now) - now
  return leftMs > 0 && leftMs <= (maxAgeMs ?? 0)
}
