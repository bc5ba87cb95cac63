import type { AciSource } from '@crossdock/archive'
import {
  ImageError,
  type ImageErrorCode,
  imageName,
  type ImageReference,
  type OperationOptions,
  report,
} from '@crossdock/core'
import { type AppName, formatAppName } from '@crossdock/formats'
import { checkImage } from './check-image.ts'
import { discover, type Endpoint } from './client/discover.ts'
import type { Session } from './client/session.ts'
import type { AciDiscoveryTransportOptions } from './options.ts'
import { nothingFound } from './nothing-found.ts'

/** A name that is being followed. */
export interface FollowOptions {
  readonly app: AppName
  readonly session: Session
  readonly archives: AciDiscoveryTransportOptions['archives']
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
  readonly source: AciSource
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
    const reference = referenceTo(endpoint, archives)
    try {
      const source = await openOne(reference, app, operation)
      report(operation, { type: 'note', level: 'info', message: `read from ${imageName(reference)}` })
      return { source, reference }
    } catch (reason) {
      operation.signal?.throwIfAborted()
      if (!(reason instanceof ImageError) || !ELSEWHERE.has(reason.code)) throw reason
      failures.push(reason)
    }
  }
  throw allFailed(app, failures)
}

async function openOne(reference: ImageReference, app: AppName, operation: OperationOptions): Promise<AciSource> {
  const source = await reference.openSource?.(operation)
  if (source === undefined) throw new ImageError('UNSUPPORTED', `${imageName(reference)} cannot be read`)
  try {
    return checkImage(source, app, imageName(reference))
  } catch (reason) {
    await source[Symbol.asyncDispose]()
    throw reason
  }
}

/** A template without an extension says nothing of a signature. */
function referenceTo({ archive, signature }: Endpoint, archives: FollowOptions['archives']): ImageReference {
  return archives(archive, signature.href === archive.href ? undefined : signature)
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
