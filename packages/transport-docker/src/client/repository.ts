import {
  type DockerReference,
  type ImageError,
  type ImageReference,
  imageName,
  type OperationOptions,
  repositoryName,
  type Side,
} from '@crossdock/core'
import { type HttpClient, type HttpRequest, type HttpResponse, readWhole } from '@crossdock/http'
import { type FailureContext, responseError } from '../errors.ts'
import { apiHost, userHost } from '../reference.ts'
import type { RegistryEndpoint } from '../registries.ts'
import { apiUrl, type Attempt, attempted, type UrlScheme } from './scheme.ts'
import type { HostLore, Session } from './session.ts'

/** What a request is allowed to do: the scope of its token. */
export type Access = 'pull' | 'push' | 'delete'

const ACTIONS: Readonly<Record<Access, string>> = {
  pull: 'pull',
  push: 'pull,push',
  // Some registries delete with `delete`, some with `*` (they ask for it in their challenge), one wants all three.
  delete: 'delete,pull,push',
}

export interface RepositoryRequest extends Pick<
  HttpRequest,
  'method' | 'headers' | 'body' | 'idempotent' | 'followRedirects' | 'wholeUpToBytes'
> {
  /** Below `/v2/REPOSITORY/`: `manifests/latest`. */
  readonly path?: string | undefined
  readonly query?: Readonly<Record<string, string>> | undefined
  /** Instead of `path`: a URL that the registry named; it is judged before it is used. */
  readonly url?: URL | undefined
  readonly access: Access
  readonly subject: FailureContext['subject']
  /** `manifest 3.20`. */
  readonly what: string
  /** A repository of the same registry instead of this one, to read from. */
  readonly neighbour?: string | undefined
  /** Another repository to be read from (`mount`). */
  readonly readFrom?: string | undefined
  readonly operation?: OperationOptions | undefined
}

/** One repository of one registry, as one end of one operation sees it. */
export interface Repository {
  readonly session: Session
  readonly http: HttpClient
  /** Where it is, which is what the user named unless that is configured to be elsewhere. */
  readonly reference: DockerReference
  /** As users type it, with its port. */
  readonly host: string
  /** Within the host: `library/alpine`. */
  readonly name: string
  readonly lore: HostLore
  readonly side: Side | undefined
  /** How often a request that changes nothing is sent at most. Undefined: as the options say. */
  readonly attempts: number | undefined
  /** To be called when requests in parallel are about to follow the next one. */
  warm(): void
  send(request: RepositoryRequest): Promise<HttpResponse>
  /** `https://registry-1.docker.io/v2/`; asks the host how it is spoken to if that is not known yet. */
  apiBase(operation?: OperationOptions): Promise<URL>
  /** The request as the client takes it. */
  prepare(request: RepositoryRequest): Promise<HttpRequest>
  /** The refusal of a request as an error. Reads the answer. */
  failure(response: HttpResponse, request: RepositoryRequest): Promise<ImageError>
  context(request: RepositoryRequest): FailureContext
}

export interface RepositoryOptions {
  /** What the user named. */
  readonly image: ImageReference & { readonly dockerReference: DockerReference }
  readonly side?: Side | undefined
  /** Where it is. Default: where the name says. */
  readonly endpoint?: RegistryEndpoint | undefined
  readonly attempts?: number | undefined
}

export function openRepository(session: Session, options: RepositoryOptions): Repository {
  const { side, attempts, endpoint } = options
  const placed = endpoint?.reference ?? options.image.dockerReference
  const image = imageName(options.image)
  const api = apiHost(placed.domain)
  const host = userHost(api)
  const channel = session.channels.to(api, {
    insecure: session.options.insecure(host) ?? endpoint?.insecure ?? false,
    foreign: api !== apiHost(options.image.dockerReference.domain),
  })
  const { http, schemes } = channel
  const httpRequest = (request: RepositoryRequest, scheme: UrlScheme): HttpRequest =>
    httpRequestOf(repository, request, apiUrl(scheme, api))
  const send = async (request: RepositoryRequest): Promise<HttpResponse> => {
    const { operation, method, body } = request
    const isKnown = schemes.known(api) !== undefined
    if (isKnown || (method !== 'GET' && method !== 'HEAD') || body !== undefined || request.url !== undefined) {
      return await http.request(await repository.prepare(request))
    }
    const attempt: Attempt = (scheme, how) => http.request(attempted(httpRequest(request, scheme), how))
    const answer = await schemes.send(api, attempt, operation?.signal)
    return await wholeOrAgain(repository, request, answer)
  }
  const repository: Repository = {
    session,
    http,
    reference: placed,
    host,
    name: placed.path,
    lore: session.lore(host),
    side,
    attempts,
    warm: () => channel.warm(api),
    send: async (request) => {
      const answer = await send(request)
      const announced = answer.headers.get('x-registry-supports-signatures') === '1'
      if (announced && answer.url.host === api) repository.lore.signatureExtension = true
      return answer
    },
    apiBase: async (operation) => apiUrl(await channel.schemeOf(api, operation), api),
    prepare: async (request) => httpRequest(request, await channel.schemeOf(api, request.operation)),
    context: (request) => ({
      what: whatOf(placed, request),
      subject: request.subject,
      side,
      image,
      signal: request.operation?.signal,
    }),
    failure: (response, request) => responseError(response, repository.context(request)),
  }
  return repository
}

function httpRequestOf({ reference, side, attempts }: Repository, request: RepositoryRequest, base: URL): HttpRequest {
  const { method, path = '', query, url, headers, body, idempotent, neighbour = reference.path, operation } = request
  return {
    method,
    url: url ?? pathUrl(base, `${neighbour}/${path}`, query),
    ...(url !== undefined && { base }),
    headers,
    body,
    idempotent,
    attempts,
    followRedirects: request.followRedirects ?? true,
    wholeUpToBytes: request.wholeUpToBytes,
    scopes: scopesOf(request, neighbour),
    what: whatOf(reference, request),
    side,
    signal: operation?.signal,
    onProgress: operation?.onProgress,
  }
}

/** The first request to a host is sent once; if its answer breaks off, the scheme is known now. */
async function wholeOrAgain(
  repository: Repository,
  request: RepositoryRequest,
  answer: HttpResponse,
): Promise<HttpResponse> {
  if (request.wholeUpToBytes === undefined) return answer
  try {
    return await readWhole(answer, request.wholeUpToBytes)
  } catch {
    request.operation?.signal?.throwIfAborted()
    return await repository.http.request(await repository.prepare(request))
  }
}

function scopesOf({ access, readFrom }: RepositoryRequest, name: string): readonly string[] {
  return [`repository:${name}:${ACTIONS[access]}`, ...(readFrom === undefined ? [] : [`repository:${readFrom}:pull`])]
}

function whatOf(reference: DockerReference, { what }: RepositoryRequest): string {
  return `${what} of docker://${repositoryName(reference)}`
}

/** From checked parts: names, tags and digests hold nothing that a URL would fold or escape. */
function pathUrl(api: URL, path: string, query: Readonly<Record<string, string>> | undefined): URL {
  const url = new URL(api)
  url.pathname += path
  if (query !== undefined) url.search = new URLSearchParams(query).toString()
  return url
}
