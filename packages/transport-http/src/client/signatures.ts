import { readBounded } from '@crossdock/blob-files'
import { ImageError, type OperationOptions } from '@crossdock/core'
import { redactUrl } from '@crossdock/http'
import { readBytes } from '@crossdock/streams'
import { isDeferred, isMissing, isWhole, refusalError } from '../errors.ts'
import type { HttpOperations } from './http-operations.ts'

/** What became of asking for a detached signature. */
export type SignatureOutcome =
  | { readonly kind: 'signature'; readonly bytes: Uint8Array }
  /** There is none. */
  | { readonly kind: 'none' }
  /** The server is still making it (status 202): ask again when the image is there. */
  | { readonly kind: 'deferred' }

/** Knows where a detached signature of an archive lies. */
export interface SignatureFetcher {
  /** Throws what reading throws, for all but a signature that is not there. */
  fetch(operation?: OperationOptions): Promise<SignatureOutcome>
}

/** Signatures of many keys in one file are a few KiB. */
const MAX_SIGNATURE_BYTES = 1024 * 1024

/** A signature in a file. A file that a person named has to be there: `NOT_FOUND`. */
export function localSignature(path: string): SignatureFetcher {
  return {
    async fetch(operation) {
      operation?.signal?.throwIfAborted()
      const bytes = await readBounded(path, { limitBytes: MAX_SIGNATURE_BYTES, what: 'a signature' })
      return { kind: 'signature', bytes }
    },
  }
}

/** A signature behind a URL. */
export function remoteSignature(url: URL, operations: HttpOperations): SignatureFetcher {
  const what = `the signature ${redactUrl(url)}`
  return {
    async fetch(operation = {}) {
      const response = await operations.get(url, { ...operation, what, wholeUpToBytes: MAX_SIGNATURE_BYTES })
      try {
        if (isMissing(response)) return { kind: 'none' }
        if (isDeferred(response)) return { kind: 'deferred' }
        if (!isWhole(response)) throw await refusalError(response, { what, signal: operation.signal })
        const bytes = await readBytes(response.body, { limitBytes: MAX_SIGNATURE_BYTES, what })
        return { kind: 'signature', bytes }
      } finally {
        await response.discard()
      }
    },
  }
}

/** Where the signature of an archive lies by rule: beside it, with `.asc` behind its path (appc, "Image Signing"). */
export function signatureUrl(archive: URL): URL {
  const url = new URL(archive)
  url.pathname = url.pathname.endsWith('.asc') ? url.pathname : `${url.pathname}.asc`
  return url
}

export interface SignedFetch<Image> {
  readonly fetchImage: () => Promise<Image>
  /** Looks at the signature before the image is fetched, which is large; throws if it is of no use. Default: nothing is looked at. */
  readonly check?: ((signature: Uint8Array) => void | Promise<void>) | undefined
  /** Whether an image without a signature is fetched. */
  readonly allowUnsigned: boolean
}

/**
 * Fetches a signature, then the image. If the server defers the signature it is asked for again, once, when the image is there. Throws `UNAVAILABLE` if it
 * defers it again, and `REJECTED_BY_POLICY` if there is none and there should be.
 */
export async function fetchSigned<Image>(
  fetcher: SignatureFetcher,
  { fetchImage, check, allowUnsigned }: SignedFetch<Image>,
  operation: OperationOptions = {},
): Promise<{ readonly image: Image; readonly signature: Uint8Array | undefined }> {
  const first = await fetcher.fetch(operation)
  if (first.kind === 'none') {
    if (!allowUnsigned) throw new ImageError('REJECTED_BY_POLICY', 'the image has no signature beside it')
    return { image: await fetchImage(), signature: undefined }
  }
  if (first.kind === 'signature') {
    await check?.(first.bytes)
    return { image: await fetchImage(), signature: first.bytes }
  }
  const image = await fetchImage()
  return { image, signature: await signatureOf(fetcher, operation) }
}

/** Of an image that is there, so that nothing is left to wait for: a signature that is deferred now is `UNAVAILABLE`. */
async function signatureOf(
  fetcher: SignatureFetcher,
  operation: OperationOptions = {},
): Promise<Uint8Array | undefined> {
  const outcome = await fetcher.fetch(operation)
  if (outcome.kind === 'signature') return outcome.bytes
  if (outcome.kind === 'none') return undefined
  const message =
    'the image is there, and the server asked to defer the download of its signature again; try again later'
  throw new ImageError('UNAVAILABLE', message, { side: 'source' })
}
