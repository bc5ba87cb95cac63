import { ImageError, parseDigest, quoteForeign } from '@crossdock/core'
import type { SqlRow } from '../database/database.ts'
import { dateOf, digestOf, optionalIntegerOf, optionalTextOf, textOf } from '../database/rows.ts'
import type { HttpRecord, HttpRecords, NewHttpRecord } from '../http-records.ts'
import type { StoreContext } from '../store-context.ts'

const MAX_TEXT_CHARACTERS = 8192

const PUT = `
  INSERT INTO http_record (url, etag, last_modified, max_age_ms, expires_at, digest, used_at)
  VALUES ($url, $etag, $lastModified, $maxAgeMs, $expiresAt, $digest, $usedAt)
  ON CONFLICT DO UPDATE SET etag = excluded.etag, last_modified = excluded.last_modified, max_age_ms = excluded.max_age_ms,
    expires_at = excluded.expires_at, digest = excluded.digest, used_at = excluded.used_at`

export function createHttpRecords({ database, clock }: Pick<StoreContext, 'database' | 'clock'>): HttpRecords {
  return {
    async get(url, options) {
      const key = keyOf(url)
      const row = await database.read((sql) => sql.get('SELECT * FROM http_record WHERE url = $key', { key }), options)
      return row === undefined ? undefined : recordOf(row)
    },
    async put(fetched, options) {
      const record = checkRecord(fetched, clock.now())
      await database.write((sql) => sql.run(PUT, valuesOf(record)), options)
      return record
    },
    async touch(url, options) {
      const key = keyOf(url)
      const now = clock.now()
      await database.write((sql) => {
        const touched = sql.run('UPDATE http_record SET used_at = $now WHERE url = $key', { key, now })
        if (touched === 0) throw noRecord(key)
      }, options)
    },
    async list(options) {
      return (await database.read((sql) => sql.all('SELECT * FROM http_record ORDER BY url'), options)).map(recordOf)
    },
    async delete(url, options) {
      const key = keyOf(url)
      await database.write((sql) => {
        if (sql.run('DELETE FROM http_record WHERE url = $key', { key }) === 0) throw noRecord(key)
      }, options)
    },
  }
}

/** Secrets that stand in a URL before its host are not stored. */
function keyOf(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null || url.length > MAX_TEXT_CHARACTERS)
    throw new ImageError('INVALID_DATA', `a record of a fetch needs a URL of up to ${MAX_TEXT_CHARACTERS} characters`)
  parsed.username = ''
  parsed.password = ''
  parsed.hash = ''
  return parsed.href
}

function checkRecord(record: NewHttpRecord, now: number): HttpRecord {
  const { etag, lastModified, maxAgeMs } = record
  const expiresAt = record.expiresAt ?? (maxAgeMs === undefined ? undefined : new Date(now + maxAgeMs))
  const isTextGood = [etag, lastModified].every((text) => text === undefined || isHeaderText(text))
  const isTimeGood =
    (maxAgeMs === undefined || (Number.isSafeInteger(maxAgeMs) && maxAgeMs >= 0)) &&
    !Number.isNaN(expiresAt?.getTime() ?? 0)
  if (!isTextGood || !isTimeGood) {
    const url = quoteForeign(keyOf(record.url), 200)
    throw new ImageError('INVALID_DATA', `the record of ${url} holds what is neither a header's text nor a time`)
  }
  const digest = parseDigest(record.digest)
  return { url: keyOf(record.url), etag, lastModified, maxAgeMs, expiresAt, digest, lastUsedAt: new Date(now) }
}

function isHeaderText(text: string): boolean {
  return text.length <= MAX_TEXT_CHARACTERS && text.isWellFormed() && !/\p{Cc}/u.test(text)
}

function valuesOf(record: HttpRecord): Record<string, string | number | null> {
  return {
    url: record.url,
    etag: record.etag ?? null,
    lastModified: record.lastModified ?? null,
    maxAgeMs: record.maxAgeMs ?? null,
    expiresAt: record.expiresAt?.getTime() ?? null,
    digest: record.digest,
    usedAt: record.lastUsedAt.getTime(),
  }
}

function recordOf(row: SqlRow): HttpRecord {
  const expiresAt = optionalIntegerOf(row, 'expires_at')
  return {
    url: textOf(row, 'url'),
    etag: optionalTextOf(row, 'etag'),
    lastModified: optionalTextOf(row, 'last_modified'),
    maxAgeMs: optionalIntegerOf(row, 'max_age_ms'),
    expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt),
    digest: digestOf(row, 'digest'),
    lastUsedAt: dateOf(row, 'used_at'),
  }
}

function noRecord(url: string): ImageError {
  return new ImageError('NOT_FOUND', `nothing is recorded of ${quoteForeign(url, 200)}`)
}
