import { randomBytes } from 'node:crypto'
import { isAllowed, type AccessRule, type RegistryAction } from './access.ts'
import { accessOf, checkPassword, logIn, type Login, type TokenAuth } from './auth.ts'
import type { Exchange } from './exchange.ts'
import { jsonReply, Refusal } from './refusal.ts'
import type { Reply } from './reply.ts'

/** What a token stands for. */
export interface Token {
  /** Undefined: whoever asked gave no name. */
  readonly user: string | undefined
  /** Names repositories one by one. */
  readonly access: readonly AccessRule[]
  readonly expiresAt: number
}

export interface TokenService {
  /** The token, if it is still valid. */
  find(text: string): Token | undefined
  readonly answer: (exchange: Exchange) => Promise<Reply>
  readonly expireAll: () => void
}

interface TokenRequest {
  readonly login: Login
  readonly scopes: readonly string[]
  /** Whether a refresh token is wanted, too. */
  readonly isOffline: boolean
}

const MAX_FORM_BYTES = 64 * 1024
const ACTIONS: readonly RegistryAction[] = ['pull', 'push', 'delete']

/** Hands out opaque tokens and remembers what they are for. */
export function createTokenService(auth: TokenAuth): TokenService {
  const tokens = new Map<string, Token>()
  const refreshTokens = new Map<string, string>()
  const expiresInSeconds = auth.expiresInSeconds ?? 300

  const read = async (exchange: Exchange): Promise<TokenRequest> => {
    if (exchange.method === 'GET') {
      const { query } = exchange
      return {
        login: logIn(auth, exchange),
        scopes: query.getAll('scope'),
        isOffline: query.get('offline_token') === 'true',
      }
    }
    const form = await readForm(exchange)
    const isOffline = form.get('access_type') === 'offline'
    return { login: logInByForm(auth, form, refreshTokens), scopes: form.getAll('scope'), isOffline }
  }

  const issue = ({ login, scopes, isOffline }: TokenRequest): Reply => {
    const isNobody = login === 'none'
    if (login === 'wrong' || (isNobody && auth.anonymous === undefined)) {
      throw new Refusal(401, { code: 'UNAUTHORIZED', message: 'the name or the password is wrong' })
    }
    const user = isNobody ? undefined : login.name
    const owned = isNobody ? (auth.anonymous ?? []) : login.access
    const asked = scopes.flatMap((scope) => scope.split(' ')).slice(0, auth.maxScopes)
    const access = asked.flatMap((scope) => grant(scope, owned))
    const now = Date.now()
    for (const [text, { expiresAt }] of tokens) if (expiresAt <= now) tokens.delete(text)
    const token = randomBytes(24).toString('base64url')
    tokens.set(token, { user, access, expiresAt: now + expiresInSeconds * 1000 })
    const member = auth.tokenMember ?? 'both'
    return jsonReply(200, {
      ...(member !== 'access_token' && { token }),
      ...(member !== 'token' && { access_token: token }),
      expires_in: expiresInSeconds,
      issued_at: new Date(now).toISOString(),
      ...(isOffline && user !== undefined && { refresh_token: refreshTokenFor(user, refreshTokens) }),
    })
  }

  return {
    find: (text) => {
      const token = tokens.get(text)
      return token !== undefined && token.expiresAt > Date.now() ? token : undefined
    },
    answer: async (exchange) => {
      const isKnown = exchange.method === 'GET' || (exchange.method === 'POST' && (auth.post ?? true))
      if (!isKnown) throw new Refusal(404, { code: 'UNSUPPORTED', message: `${exchange.method} is not supported here` })
      return issue(await read(exchange))
    },
    expireAll: () => tokens.clear(),
  }
}

/** `repository:team/app:pull,push`, cut down to what the user may do. */
function grant(scope: string, owned: readonly AccessRule[]): readonly AccessRule[] {
  const [, repository, wanted] = /^repository(?:\([^)]*\))?:(.+):([^:]*)$/.exec(scope) ?? []
  if (repository === undefined || wanted === undefined) return []
  const names = wanted.split(',')
  const actions = ACTIONS.filter((action) => names.includes(action) || names.includes('*'))
  return [{ repository, actions: actions.filter((action) => isAllowed(owned, repository, action)) }]
}

function refreshTokenFor(user: string, refreshTokens: Map<string, string>): string {
  const text = randomBytes(24).toString('base64url')
  refreshTokens.set(text, user)
  return text
}

function logInByForm(auth: TokenAuth, form: URLSearchParams, refreshTokens: ReadonlyMap<string, string>): Login {
  switch (form.get('grant_type')) {
    case 'password':
      return checkPassword(auth.users, form.get('username') ?? '', form.get('password') ?? '')
    case 'refresh_token': {
      const name = refreshTokens.get(form.get('refresh_token') ?? '')
      const access = name === undefined ? undefined : accessOf(auth.users, name)
      return name === undefined || access === undefined ? 'wrong' : { name, access }
    }
    default:
      throw new Refusal(400, { code: 'UNSUPPORTED', message: 'grant_type must be password or refresh_token' })
  }
}

async function readForm(exchange: Exchange): Promise<URLSearchParams> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of exchange.body) {
    size += piece.byteLength
    if (size > MAX_FORM_BYTES) throw new Refusal(413, { code: 'SIZE_INVALID', message: 'the form is too large' })
    pieces.push(piece)
  }
  return new URLSearchParams(Buffer.concat(pieces).toString('utf8'))
}
