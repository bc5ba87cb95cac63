import { ImageError, type OperationOptions } from '@crossdock/core'
import { apiUrl, type Attempt, attempted } from './client/scheme.ts'
import { findRoute } from './client/route.ts'
import type { Session } from './client/session.ts'
import { isMissing, isSuccess, responseError } from './errors.ts'
import { apiHost, userHost } from './reference.ts'
import type { DockerImageReference } from './transport.ts'

export interface LogInOptions extends OperationOptions {
  /** What a token is to be good for, `repository:library/alpine:pull`. Default: nothing but being somebody. */
  readonly scopes?: readonly string[] | undefined
}

export interface LoggedIn {
  /** The `Authorization` header that the registry took: a secret. Undefined if it asked for none. */
  readonly authorization: string | undefined
}

/** Asks the registry of the repository whether it takes the credentials (distribution-spec, "Determining Support"). */
export async function logIn(
  session: Session,
  image: DockerImageReference,
  { scopes, ...operation }: LogInOptions,
): Promise<LoggedIn> {
  const route = await findRoute(session, image, { operation })
  const api = apiHost(image.dockerReference.domain)
  const host = userHost(api)
  const insecure = session.options.insecure(host) ?? route.insecure
  const { http, schemes } = session.channels.to(api, { insecure, foreign: false })
  const what = `the log-in at ${host}`
  const attempt: Attempt = (scheme, how) =>
    http.request(attempted({ method: 'GET', url: apiUrl(scheme, api), what, scopes, ...operation }, how))
  const response = await schemes.send(api, attempt, operation.signal)
  if (isMissing(response)) {
    await response.discard()
    throw new ImageError('UNSUPPORTED', `${what}: there is no registry (no /v2/): check the name of the host`)
  }
  if (!isSuccess(response)) throw await responseError(response, { what, subject: 'registry', signal: operation.signal })
  await response.discard()
  return { authorization: response.authorization }
}
