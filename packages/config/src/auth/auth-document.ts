import { ImageError, quoteForeign } from '@crossdock/core'
import { MAX_CONFIG_FILE_BYTES, readConfigFile } from '../documents/bounded-file.ts'
import { readStrictJson, type StrictJson } from '../documents/strict-json.ts'
import type { AuthFile } from './auth-files.ts'
import { decodeEntry } from './auth-entry.ts'
import { type AuthKey, hostOfKey, keysUpwards } from './auth-key.ts'
import type { Credentials } from './credentials.ts'

type Table = Readonly<Record<string, unknown>>

/** A file with credentials. What it says of others than those who are asked for is not judged. */
export interface AuthDocument {
  readonly file: AuthFile
  /** The keys of what it keeps itself. */
  readonly keys: readonly string[]
  /** Hosts that have a helper of their own. */
  readonly helperHosts: readonly string[]
  /** The helper for all hosts without one of their own. */
  readonly store: string | undefined
  /** The helper for a host, under one of the names of the host: the key, and the helper's name. */
  helperFor(host: string): { readonly key: string; readonly name: string } | undefined
  /** The first of the entries that count for the key, the closest first, that holds credentials. Throws `INVALID_DATA` if that one is wrong. */
  find(key: AuthKey): { readonly key: string; readonly credentials: Credentials } | undefined
}

/** Undefined if there is no such file and it need not be there. Throws `IO`, `LIMIT_EXCEEDED`, and `INVALID_DATA` naming file and line. */
export async function readAuthDocument(file: AuthFile, signal?: AbortSignal): Promise<AuthDocument | undefined> {
  const bytes = await readConfigFile(file.path, { signal })
  if (bytes !== undefined) return parseAuthDocument(bytes, file)
  if (file.named === undefined) return undefined
  throw new ImageError(
    'IO',
    `${quoteForeign(file.path)}, the file with credentials that ${file.named} names, is not there; log in to make it, or name another`,
  )
}

export function parseAuthDocument(bytes: Uint8Array, file: AuthFile): AuthDocument {
  const json = readStrictJson(bytes, { what: file.path, maxBytes: MAX_CONFIG_FILE_BYTES })
  const root = table(json, [], json.value)
  const legacy = file.form === 'legacy'
  const auths = legacy ? root : table(json, ['auths'], root['auths'])
  const helpers = legacy ? {} : table(json, ['credHelpers'], root['credHelpers'])
  const keys = Object.keys(auths)
  const decode = (key: string): Credentials | undefined =>
    decodeEntry(auths[key], { key, error: (member, why) => json.error(path(legacy, key, member), why) })
  return {
    file,
    keys,
    helperHosts: Object.keys(helpers),
    store: legacy ? undefined : text(json, ['credsStore'], root['credsStore']),
    helperFor: (host) => {
      const key = candidates(Object.keys(helpers), [host], host).at(0)
      const name = key === undefined ? undefined : text(json, ['credHelpers', key], helpers[key])
      return key === undefined || name === undefined ? undefined : { key, name }
    },
    find: (wanted) => {
      const exact = legacy ? [wanted.host] : keysUpwards(wanted)
      for (const key of candidates(keys, exact, wanted.host, legacy)) {
        const credentials = decode(key)
        if (credentials !== undefined) return { key, credentials }
      }
      return undefined
    },
  }
}

/** Exact keys first, then those that mean the host in another form. */
function candidates(
  keys: readonly string[],
  exact: readonly string[],
  host: string,
  legacy = false,
): readonly string[] {
  const known = exact.filter((key) => keys.includes(key))
  return [...known, ...keys.filter((key) => !known.includes(key) && hostOfKey(key, { legacy }) === host)]
}

function path(legacy: boolean, key: string, member: string | undefined): readonly string[] {
  return [...(legacy ? [] : ['auths']), key, ...(member === undefined ? [] : [member])]
}

function table(json: StrictJson, at: readonly string[], value: unknown): Table {
  if (value === undefined || (value === null && at.length > 0)) return {}
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw json.error(at, `${at.length === 0 ? 'the document' : `"${at.join('.')}"`} must be an object`)
}

function text(json: StrictJson, at: readonly string[], value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value
  throw json.error(at, 'the name of a helper must be text')
}
