import { isAllowed, mountSource, neededAccess, type AccessRule } from './access.ts'
import { accessOf, type Gate, type TokenAuth } from './auth.ts'
import type { Exchange } from './exchange.ts'
import { Refusal } from './refusal.ts'
import { createTokenService, type Token } from './token-service.ts'

export function createTokenGate(auth: TokenAuth, tokenOrigin: () => string | undefined): Gate {
  const service = createTokenService(auth)
  const name = auth.service ?? 'crossdock'

  const challengeWith = (exchange: Exchange, error?: string): string => {
    const realm = `${tokenOrigin() ?? exchange.origin}/token`
    const scope = scopeOf(exchange)
    return (
      `Bearer realm="${realm}",service="${name}"` +
      (scope === undefined ? '' : `,scope="${scope}"`) +
      (error === undefined ? '' : `,error="${error}"`)
    )
  }

  const unauthorized = (exchange: Exchange, message: string, error?: string): Refusal => {
    const headers = { 'www-authenticate': challengeWith(exchange, error) }
    return new Refusal(401, { code: 'UNAUTHORIZED', message, headers })
  }

  const identify = (exchange: Exchange): Token => {
    const [, text] = /^bearer +(\S+) *$/i.exec(exchange.headers.authorization ?? '') ?? []
    if (text === undefined) throw unauthorized(exchange, 'authentication required')
    return service.find(text) ?? fail(unauthorized(exchange, 'the token is not valid, or no longer', 'invalid_token'))
  }

  const admit = (exchange: Exchange): Exchange => {
    const token = identify(exchange)
    const needed = neededAccess(exchange)
    if (needed !== undefined && !isGranted(token, needed)) {
      throw unauthorized(exchange, 'the token is not for this', 'insufficient_scope')
    }
    const owned = token.user === undefined ? (auth.anonymous ?? []) : (accessOf(auth.users, token.user) ?? [])
    const source = mountSource(exchange)
    if (source !== undefined && !isAllowed(token.access, source, 'pull') && isAllowed(owned, source, 'pull')) {
      throw unauthorized(exchange, 'the token is not for the repository to mount from', 'insufficient_scope')
    }
    return { ...exchange, mayRead: (repository) => isAllowed(owned, repository, 'pull') }
  }

  return {
    admit,
    challenge: (exchange) => challengeWith(exchange),
    token: service.answer,
    expireTokens: service.expireAll,
  }
}

function isGranted(token: Token, { repository, actions }: AccessRule): boolean {
  return actions.every((action) => isAllowed(token.access, repository, action))
}

function scopeOf(exchange: Exchange): string | undefined {
  if (exchange.route.kind === 'catalog') return 'registry:catalog:*'
  const needed = neededAccess(exchange)
  if (needed === undefined) return undefined
  const source = mountSource(exchange)
  const own = `repository:${needed.repository}:${needed.actions.join(',')}`
  return source === undefined ? own : `${own} repository:${source}:pull`
}

function fail(refusal: Refusal): never {
  throw refusal
}
