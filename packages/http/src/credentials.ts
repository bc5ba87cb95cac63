import { createInFlight } from '@crossdock/streams'
import type { Credentials, ResolvedOptions } from './options.ts'

export interface CredentialsLookup {
  readonly url: URL
  readonly repository: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Those that a server has just refused: ask anew if they are the ones remembered. */
  readonly refused?: Credentials | undefined
}

/** The user's credentials, asked once for each origin and repository: a helper behind them may be slow. */
export type CredentialsStore = (lookup: CredentialsLookup) => Promise<Credentials | undefined>

const MAX_AGE_MS = 5 * 60_000

export function createCredentialsStore({ credentials, clock }: ResolvedOptions): CredentialsStore {
  const known = new Map<string, { readonly value: Credentials | undefined; readonly askedAt: number }>()
  const asking = createInFlight<string, Credentials | undefined>()
  return async ({ url, repository, signal, refused }) => {
    const key = `${url.origin} ${repository ?? ''}`
    const found = known.get(key)
    const usable = found !== undefined && clock.now() - found.askedAt < MAX_AGE_MS
    if (usable && (refused === undefined || !sameCredentials(found.value, refused))) return found.value
    const ask = async (shared: AbortSignal): Promise<Credentials | undefined> => {
      const value = await credentials({ origin: url.origin, host: url.host, repository, signal: shared })
      known.set(key, { value, askedAt: clock.now() })
      return value
    }
    return await asking.run(key, ask, { signal })
  }
}

export function sameCredentials(one: Credentials | undefined, other: Credentials | undefined): boolean {
  return secretOf(one) === secretOf(other)
}

function secretOf(credentials: Credentials | undefined): string | undefined {
  if (credentials === undefined) return undefined
  if ('password' in credentials) return JSON.stringify([credentials.username, credentials.password])
  return 'identityToken' in credentials ? credentials.identityToken : credentials.registryToken
}

/** Every text that gives the credentials away. */
export function secretsOf(credentials: Credentials | undefined): readonly string[] {
  if (credentials === undefined) return []
  if ('registryToken' in credentials) return [credentials.registryToken]
  if ('identityToken' in credentials) {
    const { identityToken, username = TOKEN_USERNAME } = credentials
    return [identityToken, encoded(username, identityToken)]
  }
  return [credentials.password, encoded(credentials.username, credentials.password)]
}

/** The user name beside an identity token that takes the place of a password. */
export const TOKEN_USERNAME = '<token>'

export function basicHeader(username: string, password: string): string {
  return `Basic ${encoded(username, password)}`
}

function encoded(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`, 'utf8').toString('base64')
}
