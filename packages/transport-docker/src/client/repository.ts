import {
  type DockerReference,
  type ImageError,
  type ImageReference,
  imageName,
  type OperationOptions,
  repositoryName,
  type Side,
} from '@crossdock/core'
import { type HttpRequest, type HttpResponse, readWhole } from '@crossdock/http'
import { type FailureContext, responseError } from '../errors.ts'
import { apiHost, userHost } from '../reference.ts'
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
  readonly reference: DockerReference
  /** As users type it, with its port. */
  readonly host: string
  /** Within the host: `library/alpine`. */
  readonly name: string
  readonly lore: HostLore
  readonly side: Side | undefined
  /** To be called when requests in parallel are about to follow the next one. */
  warm(): void
  send(request: RepositoryRequest): Promise<HttpResponse>
  /** The request as the client takes it. */
  prepare(request: RepositoryRequest): Promise<HttpRequest>
  /** The refusal of a request as an error. Reads the answer. */
  failure(response: HttpResponse, request: RepositoryRequest): Promise<ImageError>
  context(request: RepositoryRequest): FailureContext
}

export function openRepository(
  session: Session,
  reference: ImageReference & { readonly dockerReference: DockerReference },
  side: Side | undefined,
): Repository {
  const named = reference.dockerReference
  const image = imageName(reference)
  const host = userHost(apiHost(named.domain))
  const api = apiHost(named.domain)
  const httpRequest = (request: RepositoryRequest, scheme: UrlScheme): HttpRequest => {
    const { method, path = '', query, url, headers, body, idempotent, neighbour = named.path, operation } = request
    const base = apiUrl(scheme, api)
    return {
      method,
      url: url ?? pathUrl(base, `${neighbour}/${path}`, query),
      ...(url !== undefined && { base }),
      headers,
      body,
      idempotent,
      followRedirects: request.followRedirects ?? true,
      wholeUpToBytes: request.wholeUpToBytes,
      scopes: scopesOf(request, neighbour),
      what: whatOf(named, request),
      side,
      signal: operation?.signal,
      onProgress: operation?.onProgress,
    }
  }
  const repository: Repository = {
    session,
    reference: named,
    host,
    name: named.path,
    lore: session.lore(host),
    side,
    warm: () => session.warm(api),
    send: async (request) => {
      const { operation, method, body } = request
      const isKnown = session.schemes.known(api) !== undefined
      if (isKnown || (method !== 'GET' && method !== 'HEAD') || body !== undefined || request.url !== undefined) {
        return await session.http.request(await repository.prepare(request))
      }
      const attempt: Attempt = (scheme, how) => session.http.request(attempted(httpRequest(request, scheme), how))
      const answer = await session.schemes.send(api, attempt, operation?.signal)
      return await wholeOrAgain(repository, request, answer)
    },
    prepare: async (request) => httpRequest(request, await session.schemeOf(api, request.operation)),
    context: (request) => ({
      what: whatOf(named, request),
      subject: request.subject,
      side,
      image,
      signal: request.operation?.signal,
    }),
    failure: (response, request) => responseError(response, repository.context(request)),
  }
  return repository
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
    return await repository.session.http.request(await repository.prepare(request))
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
