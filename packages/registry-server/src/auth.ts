import { hash, timingSafeEqual } from 'node:crypto'
import { FULL_ACCESS, type AccessRule } from './access.ts'
import type { Exchange } from './exchange.ts'
import type { Reply } from './reply.ts'

export interface RegistryUser {
  readonly password: string
  /** Default: everything. */
  readonly access?: readonly AccessRule[] | undefined
}

interface Accounts {
  /** By name; a string is a password. */
  readonly users: Readonly<Record<string, string | RegistryUser>>
  /** What is open to those who give no name. Default: nothing. */
  readonly anonymous?: readonly AccessRule[] | undefined
}

/** Name and password with every request (RFC 7617). */
export interface BasicAuth extends Accounts {
  readonly kind: 'basic'
}

/** Tokens of limited scope from a token service (distribution's "Token Authentication Specification"). */
export interface TokenAuth extends Accounts {
  readonly kind: 'token'
  /** Default: 300. */
  readonly expiresInSeconds?: number | undefined
  /** Whether the token service listens on a port of its own. Default: false, it is `/token` of the registry. */
  readonly separateOrigin?: boolean | undefined
  /** What the challenge calls the registry. Default: `crossdock`. */
  readonly service?: string | undefined
  /** The members that carry the token. Default: both. */
  readonly tokenMember?: 'token' | 'access_token' | 'both' | undefined
  /** Whether tokens can be had by POST (OAuth 2), too; else it gets 404. Default: true. */
  readonly post?: boolean | undefined
  /** How many of the scopes that are asked for count; some services read only the first. Default: all. */
  readonly maxScopes?: number | undefined
}

export type RegistryAuth = BasicAuth | TokenAuth

/** Decides who may do what. */
export interface Gate {
  /** The exchange, if it is allowed. Throws `Refusal`: 401, or 403 where asking again cannot help. */
  admit(exchange: Exchange): Exchange
  /** The value of WWW-Authenticate for a request. */
  challenge(exchange: Exchange): string
  /** Answers a request for a token. */
  readonly token?: ((exchange: Exchange) => Promise<Reply>) | undefined
  expireTokens(): void
}

/** Whom a request claims to come from: nobody, a user whose password is right, or somebody who must be refused. */
export type Login = 'none' | 'wrong' | { readonly name: string; readonly access: readonly AccessRule[] }

export function logIn({ users }: Accounts, { headers }: Exchange): Login {
  const [, encoded] = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(headers.authorization ?? '') ?? []
  if (encoded === undefined) return headers.authorization === undefined ? 'none' : 'wrong'
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? 'wrong' : checkPassword(users, text.slice(0, colon), text.slice(colon + 1))
}

export function checkPassword(users: Accounts['users'], name: string, password: string): Login {
  const access = accessOf(users, name)
  const entry = Object.hasOwn(users, name) ? users[name] : undefined
  const expected = typeof entry === 'string' ? entry : (entry?.password ?? '')
  // Compared even for an unknown name, and by hash, so that time tells neither names nor lengths.
  const isRight = timingSafeEqual(hash('sha256', expected, 'buffer'), hash('sha256', password, 'buffer'))
  return isRight && access !== undefined ? { name, access } : 'wrong'
}

export function accessOf(users: Accounts['users'], name: string): readonly AccessRule[] | undefined {
  const entry = Object.hasOwn(users, name) ? users[name] : undefined
  if (entry === undefined) return undefined
  return typeof entry === 'string' ? FULL_ACCESS : (entry.access ?? FULL_ACCESS)
}
