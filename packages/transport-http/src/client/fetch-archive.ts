import { type Digest, ImageError, type OperationOptions } from '@crossdock/core'
import { redactUrl } from '@crossdock/http'
import type { CachePolicy } from './freshness.ts'
import { createDefaultSession, createResumableSession } from './download-session.ts'
import { createDownloader, type DownloadOutcome } from './downloader.ts'
import { sweepParts } from './part.ts'
import { type HttpRecord, isFresh, recordUrl, urlId } from './records.ts'
import type { Session } from './session.ts'
import type { Validators } from './validators.ts'

/** An archive that lies in the folder of contents. */
export interface FetchedArchive {
  readonly digest: Digest
  /** Whether it is to be removed when it was read: the server says that it may not be kept. */
  readonly isPassing: boolean
}

const DAY_MS = 24 * 60 * 60 * 1000
/** What nobody came back for: parts after a week, contents after a month. */
const PART_AGE_MS = 7 * DAY_MS
const CONTENT_AGE_MS = 30 * DAY_MS

/**
 * The archive behind a URL, once for all who ask at the same time: the content that is there if it is fresh, or if the server says that it still is the
 * one; else it is downloaded.
 */
export async function fetchArchive(session: Session, url: URL, operation: OperationOptions): Promise<FetchedArchive> {
  const fetch = (signal: AbortSignal): Promise<FetchedArchive> => fetchOnce(session, url, { ...operation, signal })
  return await session.fetches.run(url.href, fetch, { signal: operation.signal })
}

async function fetchOnce(session: Session, url: URL, operation: OperationOptions): Promise<FetchedArchive> {
  const { options, records } = session
  const known = options.resume ? await knownContent(session, url, operation) : undefined
  if (known !== undefined && isFresh(known, options.clock.now())) return { digest: known.digest, isPassing: false }
  const outcome = await download(session, { url, known, operation })
  if (outcome.kind === 'deferred') throw notYet(url)
  const digest = outcome.kind === 'not-modified' ? known?.digest : outcome.digest
  if (digest === undefined)
    throw new ImageError('INVALID_DATA', `${archiveAt(url)}: status 304, but nobody asked whether it changed`)
  const { cache } = outcome
  if (cache.store) {
    const validators = outcome.kind === 'not-modified' ? { ...known, ...outcome.validators } : outcome.validators
    await records.put(recordOf({ session, url, digest, cache, validators }), operation)
  }
  if (outcome.kind === 'downloaded') await afterDownload(session, outcome)
  return { digest, isPassing: !cache.store }
}

/** The record of content that is there, and whole. */
async function knownContent(
  { options, records, contents }: Session,
  url: URL,
  operation: OperationOptions,
): Promise<HttpRecord | undefined> {
  const record = await records.get(recordUrl(url, isUnverified(options, url)), operation)
  return record !== undefined && (await contents.holds(record.digest, operation.signal)) ? record : undefined
}

/** Whether nobody checks who the server is. */
function isUnverified({ insecure }: Session['options'], { protocol, host }: URL): boolean {
  return protocol === 'https:' && insecure(host)
}

interface Download {
  readonly url: URL
  readonly known: HttpRecord | undefined
  readonly operation: OperationOptions
}

async function download(session: Session, { url, known, operation }: Download): Promise<DownloadOutcome> {
  const { options, contents, partFolder, operations } = session
  // A part is gone on with where certificates are checked as they were.
  const id = urlId(isUnverified(options, url) ? `unverified ${url.href}` : url.href)
  const place = { folder: partFolder, id, signal: operation.signal }
  await contents.prepare()
  await using into = await (options.resume ? createResumableSession(place) : createDefaultSession(place))
  const { maxArchiveBytes: limitBytes, maxAttempts, retryDelayMs } = options
  const downloader = createDownloader(into, { operations, limitBytes, maxAttempts, retryDelayMs })
  return await downloader.download({ url, what: archiveAt(url), known, target: contents.pathOf }, operation)
}

async function afterDownload(
  { joined, contents, partFolder }: Session,
  { digest, isJoined }: { readonly digest: Digest; readonly isJoined: boolean },
): Promise<void> {
  if (isJoined) joined.add(digest)
  else joined.delete(digest)
  await contents.sweep(CONTENT_AGE_MS)
  await sweepParts(partFolder, PART_AGE_MS)
}

interface Recorded {
  readonly session: Session
  readonly url: URL
  readonly digest: Digest
  readonly cache: CachePolicy
  readonly validators: Validators
}

function recordOf({ session, url, digest, cache, validators }: Recorded): HttpRecord {
  const { maxAgeMs } = cache
  const { etag, lastModified } = validators
  const expiresAt = new Date(session.options.clock.now() + maxAgeMs)
  return { url: recordUrl(url, isUnverified(session.options, url)), digest, etag, lastModified, maxAgeMs, expiresAt }
}

function notYet(url: URL): ImageError {
  return new ImageError(
    'UNAVAILABLE',
    `${archiveAt(url)}: the server is still making it (status 202); try again later`,
    {
      side: 'source',
    },
  )
}

/** What is fetched, for messages. */
export function archiveAt(url: URL): string {
  return `the archive ${redactUrl(url)}`
}
