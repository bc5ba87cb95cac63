import type { ImageError } from '@crossdock/core'
import { type Credentials, passwordOrToken, TOKEN_USERNAME } from './credentials.ts'

export interface EntryContext {
  readonly key: string
  /** For a member of the entry, or the entry itself. */
  error(member: string | undefined, reason: string): ImageError
}

/**
 * The credentials of one entry of `auths`: `registrytoken`, else `identitytoken`, else `auth` (base64 of `USER:PASSWORD`), else `username` and
 * `password`. Undefined for an entry without any, which `docker login` leaves where a helper keeps them. Throws `INVALID_DATA`.
 */
export function decodeEntry(entry: unknown, context: EntryContext): Credentials | undefined {
  if (entry === undefined || entry === null) return undefined
  if (typeof entry !== 'object' || Array.isArray(entry)) throw context.error(undefined, 'an entry must be an object')
  const members: Readonly<Record<string, unknown>> = { ...entry }
  const member = (name: string): string => textMember(members, name, context)
  const registryToken = member('registrytoken')
  if (registryToken !== '') return { registryToken }
  const [username, password] = decodeAuth(member('auth'), context) ?? [member('username'), member('password')]
  const identityToken = member('identitytoken')
  if (identityToken === '') return passwordOrToken(username, password)
  return username === '' || username === TOKEN_USERNAME ? { identityToken } : { identityToken, username }
}

function textMember(members: Readonly<Record<string, unknown>>, name: string, context: EntryContext): string {
  const value = members[name]
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  throw context.error(name, `"${name}" must be text`)
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function decodeAuth(auth: string, context: EntryContext): readonly [string, string] | undefined {
  if (auth === '') return undefined
  const bytes = Buffer.from(auth, 'base64')
  if (!BASE64.test(auth) || bytes.toString('base64') !== auth) throw context.error('auth', '"auth" is not base64')
  const pair = utf8(bytes)
  if (pair === undefined) throw context.error('auth', '"auth" does not hold UTF-8 text')
  const colon = pair.indexOf(':')
  if (colon < 0) throw context.error('auth', '"auth" does not hold USER:PASSWORD')
  // Some versions of Docker filled the password up with zeros.
  return [pair.slice(0, colon), pair.slice(colon + 1).replace(/^\0+|\0+$/g, '')]
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
