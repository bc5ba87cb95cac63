import { ImageError } from '@crossdock/core'
import type { Challenge } from './challenge.ts'
import type { HttpRequest } from './http.ts'
import { challengeScopes } from './scope.ts'

/** What a host asks for. */
export type Scheme =
  | { readonly kind: 'basic' }
  | {
      readonly kind: 'bearer'
      /** As the server wrote it. */
      readonly realm: string
      readonly service: string | undefined
      readonly scopes: readonly string[]
    }

const MAX_PARAMETER_CHARACTERS = 2048

/** Bearer before Basic: a token is worth less than the password. Undefined if there is neither. */
export function chooseScheme(challenges: readonly Challenge[], request: HttpRequest): Scheme | undefined {
  const bearer = challenges.find(({ scheme, params }) => scheme === 'bearer' && params.has('realm'))
  if (bearer !== undefined) {
    const reading = request.method === 'GET' || request.method === 'HEAD'
    return {
      kind: 'bearer',
      realm: parameter(bearer, 'realm', request) ?? '',
      service: parameter(bearer, 'service', request),
      scopes: challengeScopes(parameter(bearer, 'scope', request), { own: request.scopes ?? [], reading }),
    }
  }
  return challenges.some(({ scheme }) => scheme === 'basic') ? { kind: 'basic' } : undefined
}

function parameter({ params }: Challenge, name: string, request: HttpRequest): string | undefined {
  const value = params.get(name)
  if (value === undefined || value.length <= MAX_PARAMETER_CHARACTERS) return value
  throw new ImageError(
    'LIMIT_EXCEEDED',
    `${request.what}: ${request.url.host} asks for a ${name} of ${value.length} characters`,
    {
      side: request.side,
    },
  )
}
