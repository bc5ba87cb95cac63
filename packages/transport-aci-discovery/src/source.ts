import {
  ImageError,
  type ImageErrorCode,
  imageName,
  type ImageReference,
  type ImageSource,
  type OperationOptions,
  report,
} from '@crossdock/core'
import { redactUrl } from '@crossdock/http'
import { type AppName, formatAppName } from './app-name.ts'
import { checkImage } from './check-image.ts'
import { discover, type Endpoint } from './client/discover.ts'
import type { Session } from './client/session.ts'
import { nothingFound } from './nothing-found.ts'

/** A name that is being followed. */
export interface FollowOptions {
  readonly app: AppName
  readonly session: Session
  readonly archives: (url: URL) => ImageReference
}

/** The archive is not there or not to be had: another one may be. What is there and wrong is no reason to look elsewhere. */
const ELSEWHERE: ReadonlySet<ImageErrorCode> = new Set([
  'NOT_FOUND',
  'UNAVAILABLE',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
])

interface Opened {
  readonly source: ImageSource
  readonly reference: ImageReference
}

/**
 * Opens the archive that the name leads to, the first of those that are there. What it says of its name and labels is compared with what was asked for. Throws
 * `NOT_FOUND` and the like if no archive is there, `INVALID_DATA` for another image, and what reading it throws.
 */
export async function openArchive(follow: FollowOptions, operation: OperationOptions = {}): Promise<Opened> {
  const { app, session, archives } = follow
  const { endpoints, pages } = await discover(app, session, { ...operation, wanted: 'archives' })
  if (endpoints.length === 0) throw nothingFound(app, 'image', pages)
  const failures: ImageError[] = []
  for (const endpoint of endpoints) {
    const reference = archives(endpoint.archive)
    try {
      const source = await openOne(reference, app, operation)
      tell(endpoint, reference, operation)
      return { source, reference }
    } catch (reason) {
      operation.signal?.throwIfAborted()
      if (!(reason instanceof ImageError) || !ELSEWHERE.has(reason.code)) throw reason
      failures.push(reason)
    }
  }
  throw allFailed(app, failures)
}

async function openOne(reference: ImageReference, app: AppName, operation: OperationOptions): Promise<ImageSource> {
  const source = await reference.openSource?.(operation)
  if (source === undefined) throw new ImageError('UNSUPPORTED', `${imageName(reference)} cannot be read`)
  try {
    await checkImage(source, app, { what: imageName(reference), ...operation })
    return source
  } catch (reason) {
    await source[Symbol.asyncDispose]()
    throw reason
  }
}

function tell({ archive, signature }: Endpoint, reference: ImageReference, operation: OperationOptions): void {
  report(operation, { type: 'note', level: 'info', message: `read from ${imageName(reference)}` })
  const beside = new URL(archive)
  beside.pathname += '.asc'
  if (signature.href === beside.href || signature.href === archive.href) return
  const message = `its page names ${redactUrl(signature)} as the signature; only one beside the archive is looked at, so that it may count as unsigned`
  report(operation, { type: 'note', level: 'warning', message })
}

function allFailed(app: AppName, failures: readonly ImageError[]): ImageError {
  const [only] = failures
  if (failures.length === 1 && only !== undefined) return only
  const code = failures.find((failure) => failure.code !== 'NOT_FOUND')?.code ?? 'NOT_FOUND'
  const reasons = failures.map(({ message }) => message).join('; ')
  return new ImageError(code, `none of the archives of ${formatAppName(app)} can be read: ${reasons}`, {
    side: 'source',
  })
}
