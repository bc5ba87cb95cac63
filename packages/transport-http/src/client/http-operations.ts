import type { OperationOptions } from '@crossdock/core'
import type { HttpHandler, HttpResponse } from '@crossdock/http'
import type { CredentialsLookup } from '../options.ts'

export interface GetOptions extends OperationOptions {
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** What this is, for messages: `the archive https://example.com/app.tar`. */
  readonly what: string
  /** Of a document: bytes up to which it is read before it is handed over. */
  readonly wholeUpToBytes?: number | undefined
}

/** What is asked of servers, and who asks. */
export interface HttpOperations {
  /** Whatever the status of the answer is: only failures of the network throw. */
  get(url: URL, options: GetOptions): Promise<HttpResponse>
}

export interface HttpOperationsOptions {
  readonly client: { readonly request: HttpHandler }
  /** Asked for the host of each URL, if that is https. Default: nobody has credentials. */
  readonly credentials?: CredentialsLookup | undefined
}

/**
 * Credentials go with the first request, as servers of plain files seldom ask for them; over https alone, to the host of the URL alone, never along with
 * a redirect to another one.
 */
export function createHttpOperations({ client, credentials }: HttpOperationsOptions): HttpOperations {
  return {
    async get(url, { headers, ...options }) {
      const secret = await secretFor(url, credentials, options.signal)
      const response = await client.request({
        ...options,
        method: 'GET',
        url,
        side: 'source',
        // Without any, a challenge is not answered either: it is told.
        anonymous: secret === undefined,
        headers: {
          'accept-encoding': 'identity',
          ...headers,
          ...(secret !== undefined && { authorization: secret.header }),
        },
      })
      return secret === undefined ? response : { ...response, secrets: secret.secrets }
    },
  }
}

interface Secret {
  readonly header: string
  readonly secrets: readonly string[]
}

async function secretFor(
  url: URL,
  lookup: CredentialsLookup | undefined,
  signal: AbortSignal | undefined,
): Promise<Secret | undefined> {
  if (url.protocol !== 'https:') return undefined
  const found = await lookup?.(url.host, undefined, { signal })
  if (found === undefined) return undefined
  if ('registryToken' in found) return { header: `Bearer ${found.registryToken}`, secrets: [found.registryToken] }
  // An identity token is for a registry's token service; a server of files has none.
  if (!('password' in found)) return undefined
  const encoded = Buffer.from(`${found.username}:${found.password}`, 'utf8').toString('base64')
  return { header: `Basic ${encoded}`, secrets: [encoded, found.password] }
}
