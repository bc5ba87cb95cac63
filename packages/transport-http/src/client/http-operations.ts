import type { OperationOptions } from '@crossdock/core'
import { createAwsSigner, type HttpHandler, type HttpRequest, type HttpResponse } from '@crossdock/http'
import { isUnauthenticated } from '../errors.ts'
import type { CredentialsLookup, HttpCredentials } from '../options.ts'

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
 * Credentials go over https alone, to the host of the URL alone, never along with a redirect to another one. Many servers of files ask for none and say that
 * there is nothing instead, so that the lookup is asked before the first request; and again, once, after a 401.
 */
export function createHttpOperations({ client, credentials }: HttpOperationsOptions): HttpOperations {
  /** By origin: what a server has taken. */
  const taken = new Map<string, Secret>()

  async function send(
    url: URL,
    { headers, ...options }: GetOptions,
    secret: Secret | undefined,
  ): Promise<HttpResponse> {
    const response = await client.request({
      ...options,
      method: 'GET',
      url,
      side: 'source',
      // A challenge is answered here.
      anonymous: secret === undefined,
      headers: { 'accept-encoding': 'identity', ...headers, ...secret?.headers },
      sign: secret?.sign,
    })
    return secret === undefined ? response : { ...response, secrets: [...(response.secrets ?? []), ...secret.secrets] }
  }

  return {
    async get(url, options) {
      const lookUp = async (challenged: boolean): Promise<Secret | undefined> =>
        url.protocol === 'https:'
          ? secretOf(await credentials?.(url.host, undefined, { signal: options.signal, challenged }))
          : undefined
      const first = taken.get(url.origin) ?? (await lookUp(false))
      const response = await send(url, options, first)
      if (first !== undefined || !isUnauthenticated(response) || response.url.origin !== url.origin) return response
      const second = await lookUp(true)
      if (second === undefined) return response
      await response.discard()
      const answer = await send(url, options, second)
      if (!isUnauthenticated(answer)) taken.set(url.origin, second)
      return answer
    },
  }
}

/** What goes along with a request. */
interface Secret extends Pick<HttpRequest, 'headers' | 'sign'> {
  readonly secrets: readonly string[]
}

/** An identity token is for a registry's token service; a server of files has none. */
function secretOf(found: HttpCredentials | undefined): Secret | undefined {
  if (found === undefined) return undefined
  if ('secretAccessKey' in found) return { sign: createAwsSigner(found), secrets: [found.secretAccessKey] }
  if ('registryToken' in found) return inHeader('Bearer', found.registryToken)
  if (!('password' in found)) return undefined
  const encoded = Buffer.from(`${found.username}:${found.password}`, 'utf8').toString('base64')
  return inHeader('Basic', encoded, [encoded, found.password])
}

function inHeader(scheme: string, value: string, secrets: readonly string[] = [value]): Secret {
  return { headers: { authorization: `${scheme} ${value}` }, secrets }
}
