import { ImageError, type ImageErrorCode, type OperationOptions, type Signature } from '@crossdock/core'
import { decodeSignature, MAX_SIGNATURE_BYTES, MAX_SIGNATURES } from '@crossdock/formats'
import {
  createHttpClient,
  failureText,
  type HttpClient,
  type HttpClientOptions,
  type HttpResponse,
  redactUrl,
} from '@crossdock/http'
import { readBytes } from '@crossdock/streams'
import type { WebPlace } from './lookaside-place.ts'

export interface ReadWebOptions extends OperationOptions {
  /** A client to share with others. Default: one for this list. */
  readonly http?: HttpClient | undefined
  /** For that one. */
  readonly httpOptions?: HttpClientOptions | undefined
}

/**
 * Asks for one signature after the other until the server says 404; no other answer ends the list. No credential is ever sent. Throws
 * `LIMIT_EXCEEDED`, what `decodeSignature` throws, and what the server's refusal means.
 */
export async function readWebSignatures(
  place: WebPlace,
  { http, httpOptions, ...operation }: ReadWebOptions = {},
): Promise<readonly Signature[]> {
  if (http !== undefined) return await readList(place, http, operation)
  const own = createHttpClient(httpOptions)
  try {
    return await readList(place, own, operation)
  } finally {
    await own.close()
  }
}

async function readList(place: WebPlace, http: HttpClient, operation: OperationOptions): Promise<readonly Signature[]> {
  const signatures: Signature[] = []
  for (;;) {
    const url = place.url(signatures.length + 1)
    const bytes = await fetchSignature(url, http, operation)
    if (bytes === undefined) return signatures
    const what = nameOf(url)
    if (signatures.length === MAX_SIGNATURES) {
      throw new ImageError('LIMIT_EXCEEDED', `${what} is one too many: at most ${MAX_SIGNATURES} are read`)
    }
    signatures.push(decodeSignature(bytes, what))
  }
}

function nameOf(url: URL): string {
  return `the signature at ${redactUrl(url)}`
}

/** Undefined if the server says that there is none. */
async function fetchSignature(
  url: URL,
  http: HttpClient,
  operation: OperationOptions,
): Promise<Uint8Array | undefined> {
  const what = nameOf(url)
  const response = await http.request({
    method: 'GET',
    url,
    what,
    anonymous: true,
    side: 'source',
    wholeUpToBytes: MAX_SIGNATURE_BYTES,
    ...operation,
  })
  if (response.status === 200) return await readBytes(response.body, { limitBytes: MAX_SIGNATURE_BYTES, what })
  if (response.status !== 404) throw await refusal(response, what, operation.signal)
  await response.discard()
  return undefined
}

const CODES: ReadonlyMap<number, ImageErrorCode> = new Map([
  [401, 'UNAUTHENTICATED'],
  [403, 'FORBIDDEN'],
  [429, 'RATE_LIMITED'],
])

async function refusal(response: HttpResponse, what: string, signal: AbortSignal | undefined): Promise<ImageError> {
  const { status } = response
  const code = CODES.get(status) ?? (status >= 500 ? 'UNAVAILABLE' : 'INVALID_DATA')
  const text = await failureText(response, signal)
  return new ImageError(
    code,
    `${what}: ${text}; a server of signatures says 404 where there is none, and anything else is no answer`,
    { side: 'source' },
  )
}
