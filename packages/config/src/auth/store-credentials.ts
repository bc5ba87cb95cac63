import { ImageError, quoteForeign } from '@crossdock/core'
import { type AuthDocument, readAuthDocument } from './auth-document.ts'
import { filesToWrite, type WritableAuthFile } from './auth-files.ts'
import { type AuthKey, DOCKER_HUB, DOCKER_HUB_KEY, hostOfKey } from './auth-key.ts'
import type { AuthOptions } from './auth-options.ts'
import { credentialHelper } from './credential-helper.ts'
import {
  type CredentialsOrigin,
  type IdentityTokenCredentials,
  type PasswordCredentials,
  TOKEN_USERNAME,
} from './credentials.ts'
import { editAuthFile } from './edit-auth-file.ts'
import { isForbiddenPlace } from './file-errors.ts'
import { folderExists } from './replace-file.ts'
import { AUTH_FILES_HELPER, sourceNames } from './look-up.ts'

export type StorableCredentials = PasswordCredentials | IdentityTokenCredentials

/**
 * Keeps credentials where they are looked for: in the file that was named, else in the first of the user's that can be written, or in the
 * helper that the file, or registries.conf, names. Only the file's owner may read it; whatever else is in it stays as it is. Returns where they are.
 *
 * Throws `UNSUPPORTED` for a repository where only whole hosts can be kept, `IO`, `INVALID_DATA` for a file that cannot be read, and
 * `UNAUTHENTICATED` for a helper that fails.
 */
export async function storeCredentials(
  key: AuthKey,
  credentials: StorableCredentials,
  options: AuthOptions,
): Promise<CredentialsOrigin> {
  if ('password' in credentials && credentials.username.includes(':')) {
    throw new ImageError('INVALID_DATA', 'a user name cannot have a ":" in it: it ends there, and the password begins')
  }
  const failures: unknown[] = []
  for (const name of await sourceNames(options)) {
    try {
      if (name === AUTH_FILES_HELPER) return await storeInFile(key, credentials, options)
      return await storeInHelper(key, credentials, { name, where: 'credential-helpers in registries.conf', options })
    } catch (error) {
      options.signal?.throwIfAborted()
      failures.push(error)
    }
  }
  throw failures[0]
}

async function storeInFile(
  key: AuthKey,
  credentials: StorableCredentials,
  options: AuthOptions,
): Promise<CredentialsOrigin> {
  let refusal: unknown
  for (const file of filesToWrite(options)) {
    if (file.within !== undefined && !(await folderExists(file.within))) continue
    try {
      return await storeIn(file, { key, credentials, options })
    } catch (error) {
      if (file.named !== undefined || !isForbiddenPlace(error)) throw error
      refusal ??= error
    }
  }
  throw refusal ?? new ImageError('IO', 'there is no home folder to keep credentials in: name a file (authFile)')
}

interface Storing {
  readonly key: AuthKey
  readonly credentials: StorableCredentials
  readonly options: AuthOptions
}

async function storeIn(file: WritableAuthFile, { key, credentials, options }: Storing): Promise<CredentialsOrigin> {
  const document = await readAuthDocument({ ...file, named: undefined }, options.signal)
  const helper = document === undefined ? undefined : helperOf(document, key)
  if (helper !== undefined) {
    return { ...(await storeInHelper(key, credentials, { ...helper, options })), file: file.path }
  }
  const entry = entryKey(file, key)
  await editAuthFile(
    file,
    ({ keys }) => new Map([...otherForms(keys, key, entry), [entry, entryOf(credentials)]]),
    options.signal,
  )
  return { file: file.path, key: entry }
}

/** The helper that a file leaves a key to. */
function helperOf(document: AuthDocument, { host }: AuthKey): Omit<HelperStoring, 'options'> | undefined {
  const { file, store } = document
  const own = document.helperFor(host)
  if (own !== undefined) return { name: own.name, where: `credHelpers in ${file.path}`, server: own.key }
  if (store === undefined) return undefined
  return { name: store, where: `credsStore in ${file.path}`, server: dockerKey(host) }
}

/** As the `docker` command calls a host. */
function dockerKey(host: string): string {
  return host === DOCKER_HUB ? DOCKER_HUB_KEY : host
}

interface HelperStoring {
  readonly name: string
  readonly where: string
  /** What the helper is to call the host. Default: the host. */
  readonly server?: string | undefined
  readonly options: AuthOptions
}

async function storeInHelper(
  key: AuthKey,
  credentials: StorableCredentials,
  { name, where, server = key.host, options }: HelperStoring,
): Promise<CredentialsOrigin> {
  const helper = credentialHelper(name, where, options)
  if (key.path !== undefined) {
    throw new ImageError(
      'UNSUPPORTED',
      `${helper.program}, which ${quoteForeign(where)} names, keeps credentials for whole hosts: log in to ${key.host}, or name another file (authFile)`,
    )
  }
  await helper.store(server, credentials)
  return { key: server, helper: helper.program }
}

/** As the form of the file has it. */
function entryKey({ form, path }: WritableAuthFile, key: AuthKey): string {
  if (form === 'containers') return key.text
  if (key.path === undefined) return dockerKey(key.host)
  throw new ImageError(
    'UNSUPPORTED',
    `${quoteForeign(path)} is in Docker's form, which keeps credentials for whole hosts: log in to ${key.host}, or name an auth.json (authFile)`,
  )
}

/** Other keys for the same host, one of which might be taken instead. */
function otherForms(keys: readonly string[], { host, path }: AuthKey, entry: string): [string, undefined][] {
  if (path !== undefined) return []
  return keys.filter((key) => key !== entry && hostOfKey(key) === host).map((key) => [key, undefined])
}

function entryOf(credentials: StorableCredentials): Readonly<Record<string, string>> {
  if ('password' in credentials) return { auth: base64(`${credentials.username}:${credentials.password}`) }
  const { identityToken, username = TOKEN_USERNAME } = credentials
  return { auth: base64(`${username}:`), identitytoken: identityToken }
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
