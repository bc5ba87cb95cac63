import { ImageError } from '@crossdock/core'
import { readAuthDocument } from './auth-document.ts'
import { type AuthFile, authFiles, namedFile } from './auth-files.ts'
import { type AuthKey, canonicalHost, helperKeys } from './auth-key.ts'
import type { AuthOptions } from './auth-options.ts'
import { credentialHelper, type CredentialHelper, notInstalled } from './credential-helper.ts'
import type { Credentials, CredentialsOrigin, CredentialsQuery, FoundCredentials } from './credentials.ts'

/** A place that may have credentials, before it is asked. */
export interface CredentialsPlace {
  readonly from: CredentialsOrigin
  read(): Promise<Credentials | undefined>
}

/** In `credential-helpers` of registries.conf: the files. */
export const AUTH_FILES_HELPER = 'containers-auth.json'

/**
 * The credentials of this machine for a registry, and where they come from. Within each file a helper of the host (`credHelpers`) counts
 * alone; else the helper of all hosts (`credsStore`) is asked, then the entries (`auths`) from the repository up to the host. Only the host
 * that is asked for is told to helpers. Undefined if there are none.
 *
 * Throws `INVALID_DATA`, `LIMIT_EXCEEDED` and `IO` for a file that cannot be read, `UNAUTHENTICATED` for a helper that fails.
 */
export async function lookUpCredentials(
  query: CredentialsQuery,
  options: AuthOptions,
): Promise<FoundCredentials | undefined> {
  const key = keyOf(query)
  const delayed: unknown[] = []
  for (const name of await sourceNames(options)) {
    const places =
      name === AUTH_FILES_HELPER ? placesInFiles({ key, options, delayed }) : helperOfHost(name, key, options)
    try {
      const found = await firstOf(places)
      if (found !== undefined) return found
    } catch (error) {
      options.signal?.throwIfAborted()
      if (name === AUTH_FILES_HELPER) throw error
      delayed.push(error) // another one may know, as it is with Podman
    }
  }
  if (delayed.length > 0) throw delayed[0]
  return undefined
}

/** A lookup as `dockerTransport` takes it for `credentials`. */
export function credentialsLookup(options: AuthOptions): CredentialsLookup {
  return async (host, repository, { signal } = {}) => {
    const found = await lookUpCredentials({ host, repository }, { ...options, signal: signal ?? options.signal })
    return found?.credentials
  }
}

export type CredentialsLookup = (
  host: string,
  repository: string | undefined,
  options?: { readonly signal?: AbortSignal | undefined },
) => Promise<Credentials | undefined>

/** What is asked, in order: names of helpers, and {@link AUTH_FILES_HELPER}. */
export async function sourceNames(options: AuthOptions): Promise<readonly string[]> {
  const { credentialHelpers } = options
  if (credentialHelpers === undefined || namedFile(options) !== undefined) return [AUTH_FILES_HELPER]
  const names = typeof credentialHelpers === 'function' ? await credentialHelpers() : credentialHelpers
  return names.length === 0 ? [AUTH_FILES_HELPER] : names
}

/** The query as a key; throws `INVALID_REFERENCE` for what no host is called. */
export function keyOf({ host, repository }: CredentialsQuery): AuthKey {
  const known = canonicalHost(host)
  // Nothing of this may end a line of a helper's protocol.
  if (!/^[\x21-\x7e]+$/.test(known)) throw new ImageError('INVALID_REFERENCE', 'the host is no name of a host')
  return { text: repository === undefined ? known : `${known}/${repository}`, host: known, path: repository }
}

async function firstOf(places: AsyncIterable<CredentialsPlace>): Promise<FoundCredentials | undefined> {
  for await (const place of places) {
    const credentials = await place.read()
    if (credentials !== undefined) return { credentials, from: place.from }
  }
  return undefined
}

async function* helperOfHost(name: string, { host }: AuthKey, options: AuthOptions): AsyncGenerator<CredentialsPlace> {
  const helper = credentialHelper(name, 'credential-helpers in registries.conf', options)
  for (const server of helperKeys(host)) yield helperPlace(helper, server)
}

async function* placesInFiles(search: Search): AsyncGenerator<CredentialsPlace> {
  for (const file of authFiles(search.options)) yield* placesInFile(file, search)
}

interface Search {
  readonly key: AuthKey
  readonly options: AuthOptions
  /** Told of a store that is not installed, and is left out: nobody else may know either. */
  readonly delayed: unknown[]
}

/** What a file says of the key, in the order in which it counts; no helper is asked before `read` is called. */
export async function* placesInFile(
  file: AuthFile,
  { key, options, delayed }: Search,
): AsyncGenerator<CredentialsPlace> {
  const document = await readAuthDocument(file, options.signal)
  if (document === undefined) return
  const own = document.helperFor(key.host)
  if (own !== undefined) {
    const helper = credentialHelper(own.name, `credHelpers in ${file.path}`, options)
    for (const server of helperKeys(key.host, own.key)) yield helperPlace(helper, server, file)
    return
  }
  if (document.store !== undefined) {
    const where = `credsStore in ${file.path}`
    const helper = credentialHelper(document.store, where, options)
    if (await helper.isInstalled()) {
      for (const server of helperKeys(key.host)) yield helperPlace(helper, server, file)
    } else {
      delayed.push(notInstalled(helper.program, where))
    }
  }
  const entry = document.find(key)
  if (entry !== undefined) {
    yield { from: { file: file.path, key: entry.key }, read: () => Promise.resolve(entry.credentials) }
  }
}

function helperPlace(helper: CredentialHelper, server: string, file?: AuthFile): CredentialsPlace {
  return { from: { file: file?.path, key: server, helper: helper.program }, read: () => helper.get(server) }
}
