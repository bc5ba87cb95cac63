import { ImageError, type OperationOptions } from '@crossdock/core'
import { type HttpClient, redactUrl } from '@crossdock/http'
import { readBytes } from '@crossdock/streams'
import { refusalError } from '../errors.ts'

export interface DocumentOptions extends OperationOptions {
  /** For messages: `the discovery page`. */
  readonly what: string
  readonly limitBytes: number
  /** Whether it is asked for without credentials, whoever asks for some. */
  readonly anonymous: boolean
}

/** Reads what lies at a URL. Throws for every status but 200, and `LIMIT_EXCEEDED`. */
export async function getDocument(
  url: URL,
  client: Pick<HttpClient, 'request'>,
  { what, limitBytes, anonymous, ...operation }: DocumentOptions,
): Promise<Uint8Array> {
  const response = await client.request({
    ...operation,
    method: 'GET',
    url,
    what,
    side: 'source',
    anonymous,
    headers: { 'accept-encoding': 'identity' },
    wholeUpToBytes: limitBytes,
  })
  if (response.status !== 200) throw await refusalError(response, { what, signal: operation.signal })
  const encoding = response.headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity') {
    await response.discard()
    throw new ImageError('UNSUPPORTED', `${redactUrl(url)} is packed, which nobody asked for`)
  }
  return await readBytes(response.body, { limitBytes, what: `${what} ${redactUrl(url)}` })
}
