import type { RandomAccess } from '@crossdock/archive'
import { ImageError, type OperationOptions } from '@crossdock/core'
import { addressKind } from '@crossdock/http'
import { archiveAt, type FetchedArchive, fetchArchive } from './fetch-archive.ts'
import type { Session } from './session.ts'

/** The file of an archive that was fetched, open. What may not be kept is removed when it is closed. */
export interface OpenedContent {
  readonly file: RandomAccess
  readonly fetched: FetchedArchive
}

/** Fetches an archive and opens the file that it lies in. Throws what fetching throws. */
export async function openContent(session: Session, url: URL, operation: OperationOptions): Promise<OpenedContent> {
  operation.signal?.throwIfAborted()
  refusePlain(session, url)
  const fetched = await fetchArchive(session, url, operation)
  const { digest, isPassing } = fetched
  const access = await session.contents.open(digest)
  if (access === undefined) {
    throw new ImageError(
      'CONFLICT',
      `${archiveAt(url)} was removed from the cache just after it was fetched; try again`,
      {
        side: 'source',
        retryable: true,
      },
    )
  }
  // People know it by its URL, and not by where it is kept.
  const file = { ...access, name: archiveAt(url) }
  return { file: isPassing ? removedAtEnd(file, () => session.contents.remove(digest)) : file, fetched }
}

/** Anybody on the way can change what comes over plain http, and nothing in an archive says what it should be. */
function refusePlain({ options }: Session, url: URL): void {
  if (url.protocol !== 'http:' || addressKind(url.hostname) === 'loopback' || options.insecure(url.host)) return
  throw new ImageError(
    'UNSUPPORTED',
    `${archiveAt(url)}: plain http is not used, since anybody on the way could change what comes; use https, or allow it for this host`,
    { side: 'source' },
  )
}

function removedAtEnd(file: RandomAccess, remove: () => Promise<void>): RandomAccess {
  return {
    ...file,
    async [Symbol.asyncDispose]() {
      try {
        await file[Symbol.asyncDispose]()
      } finally {
        await remove()
      }
    },
  }
}
