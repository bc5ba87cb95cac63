import { type BlobReader, type Descriptor, type GetBlobOptions, ImageError, shortDigest } from '@crossdock/core'
import { blobOfRegistry, blobOfUrls, carriedBlob, isElsewhere } from './blob-read.ts'
import type { BlobTrust } from './blob-trust.ts'
import type { Endpoint } from './endpoint.ts'
import type { EndpointFailure } from './endpoint-failure.ts'
import type { Endpoints } from './endpoints.ts'

export interface Anywhere {
  readonly endpoints: Endpoints
  readonly trust: BlobTrust
}

/** After so many bytes whoever broke off before may be asked again. */
const ENOUGH_PROGRESS_BYTES = 64 * 1024

/**
 * A blob from whichever endpoint gives it, from `offset` on. What breaks off for good is gone on with at the next one. Layers that the
 * image names by URL are taken from there if no registry has them, judged by the one that gave the image. Throws `NOT_FOUND`.
 */
export async function readBlobAnywhere(
  from: Anywhere,
  blob: Descriptor,
  options: GetBlobOptions = {},
): Promise<BlobReader> {
  const carried = carriedBlob(blob, options)
  if (carried !== undefined) return carried
  try {
    const opened = await open(from, blob, options)
    return reader(blob.size, opened, goingOn(from, blob, { options, opened }))
  } catch (error) {
    if (!isElsewhere(blob, error)) throw error
    return await blobOfUrls(from.endpoints.preferred, blob, { options, error })
  }
}

interface Opened {
  readonly reader: BlobReader
  readonly endpoint: Endpoint | undefined
}

function open(
  { endpoints, trust }: Anywhere,
  blob: Descriptor,
  options: GetBlobOptions,
  after: readonly EndpointFailure[] = [],
): Promise<Opened> {
  const { digest } = blob
  return endpoints.ask(
    async (repository, endpoint) => {
      const opened = { reader: await blobOfRegistry(repository, blob, options), endpoint }
      if (endpoint !== undefined) trust.gave(digest, endpoint)
      return opened
    },
    { what: `blob ${shortDigest(digest)}`, operation: options, after, without: trust.distrusted(digest) },
  )
}

async function* goingOn(
  from: Anywhere,
  blob: Descriptor,
  { options, opened }: { readonly options: GetBlobOptions; readonly opened: Opened },
): AsyncGenerator<Uint8Array> {
  const broken: EndpointFailure[] = []
  let { reader: current, endpoint } = opened
  let position = options.offset ?? 0
  for (;;) {
    const before = position
    try {
      for await (const chunk of current) {
        position += chunk.byteLength
        yield chunk
      }
      return
    } catch (error) {
      options.signal?.throwIfAborted()
      if (!(error instanceof ImageError) || endpoint === undefined) throw error
      if (position - before >= ENOUGH_PROGRESS_BYTES) broken.length = 0
      broken.push({ endpoint, error })
      ;({ reader: current, endpoint } = await open(from, blob, { ...options, offset: position }, broken))
    }
  }
}

function reader(size: number, { reader: first }: Opened, content: AsyncGenerator<Uint8Array>): BlobReader {
  let begun = false
  return {
    size,
    [Symbol.asyncIterator]: () => {
      begun = true
      return content
    },
    [Symbol.asyncDispose]: async () => {
      // A generator that was not begun has nothing to clean up: what it would have read is still to be dropped.
      if (!begun) await first[Symbol.asyncDispose]()
      await content.return(undefined)
    },
  }
}
