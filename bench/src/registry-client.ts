import { createReadStream } from 'node:fs'
import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'

/** Where a registry on this machine is. */
export interface RegistryAddress {
  readonly port: number
  readonly tls: boolean
}

export interface RegistryRequest {
  readonly method: string
  /** Path and query, or a whole URL of this registry. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Buffer | { readonly file: string; readonly size: number } | undefined
}

export interface RegistryAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) }

/** What the bench itself asks of registries, to fill them and to check what tools did. Certificates are not checked. */
export async function askRegistry(address: RegistryAddress, request: RegistryRequest): Promise<RegistryAnswer> {
  const { method, body } = request
  const { protocol, host, pathname, search } = urlOf(address, request.path)
  const size = body === undefined ? undefined : 'file' in body ? body.size : body.byteLength
  const headers = { host, ...request.headers, ...(size !== undefined && { 'content-length': String(size) }) }
  const options = { host: '127.0.0.1', port: address.port, method, path: pathname + search, headers }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const outgoing =
    protocol === 'https:'
      ? requestHttps({ ...options, agent: agents.https, rejectUnauthorized: false }, resolve)
      : requestHttp({ ...options, agent: agents.http }, resolve)
  outgoing.on('error', reject)
  if (body !== undefined && 'file' in body) await pipeline(createReadStream(body.file), outgoing)
  else outgoing.end(body)
  const answer = await promise
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await buffer(answer) }
}

/** The same, and throws for what is no success. */
export async function demandOfRegistry(address: RegistryAddress, request: RegistryRequest): Promise<RegistryAnswer> {
  const answer = await askRegistry(address, request)
  if (answer.status < 300) return answer
  const { href } = urlOf(address, request.path)
  throw new Error(`${request.method} ${href}: ${answer.status} ${answer.body.toString().slice(0, 300)}`)
}

function urlOf({ port, tls }: RegistryAddress, path: string): URL {
  return new URL(path, `${tls ? 'https' : 'http'}://127.0.0.1:${port}`)
}
