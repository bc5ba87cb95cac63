import { readAuthDocument, type AuthDocument } from './auth-document.ts'
import { filesToWrite, type AuthFile } from './auth-files.ts'
import { type AuthKey, helperKeys, hostOfKey } from './auth-key.ts'
import type { AuthOptions } from './auth-options.ts'
import { credentialHelper, type CredentialHelper } from './credential-helper.ts'
import type { CredentialsOrigin } from './credentials.ts'
import { editAuthFile } from './edit-auth-file.ts'
import { AUTH_FILES_HELPER, sourceNames } from './look-up.ts'

/**
 * Removes what {@link storeCredentials} keeps for this key, and for no other; returns what was removed. Files of other tools, which are
 * read as well, are left as they are. Throws as `storeCredentials` does.
 */
export function eraseCredentials(key: AuthKey, options: AuthOptions): Promise<readonly CredentialsOrigin[]> {
  return erase(options, key)
}

/** Removes the credentials of every registry there. */
export function eraseAllCredentials(options: AuthOptions): Promise<readonly CredentialsOrigin[]> {
  return erase(options, undefined)
}

async function erase(options: AuthOptions, key: AuthKey | undefined): Promise<readonly CredentialsOrigin[]> {
  const erased: CredentialsOrigin[] = []
  for (const name of await sourceNames(options)) {
    if (name !== AUTH_FILES_HELPER) {
      const helper = credentialHelper(name, 'credential-helpers in registries.conf', options)
      erased.push(...(await eraseInHelper(helper, await serversOf(helper, key))))
      continue
    }
    for (const file of filesToWrite(options)) erased.push(...(await eraseInFile(file, { key, options })))
  }
  return erased
}

interface Erasing {
  readonly key: AuthKey | undefined
  readonly options: AuthOptions
}

async function eraseInFile(file: AuthFile, { key, options }: Erasing): Promise<readonly CredentialsOrigin[]> {
  const document = await readAuthDocument(file, options.signal)
  if (document === undefined) return []
  const inHelpers: CredentialsOrigin[] = []
  for (const { helper, servers } of await helpersOf(document, { key, options })) {
    const origins = await eraseInHelper(helper, servers)
    inHelpers.push(...origins.map((origin) => ({ ...origin, file: file.path })))
  }
  let keys: readonly string[] = []
  if (keysFor(document, key).length > 0) {
    const change = (current: AuthDocument): ReadonlyMap<string, undefined> => {
      keys = keysFor(current, key)
      return new Map(keys.map((name) => [name, undefined]))
    }
    await editAuthFile(file, change, options.signal)
  }
  return [...inHelpers, ...keys.map((name) => ({ file: file.path, key: name }))]
}

function keysFor({ keys }: AuthDocument, key: AuthKey | undefined): readonly string[] {
  if (key === undefined) return keys
  return keys.filter((name) => name === key.text || (key.path === undefined && hostOfKey(name) === key.host))
}

async function helpersOf(
  document: AuthDocument,
  { key, options }: Erasing,
): Promise<readonly { readonly helper: CredentialHelper; readonly servers: readonly string[] }[]> {
  // A helper keeps credentials for whole hosts.
  if (key?.path !== undefined) return []
  const { file, store } = document
  const hosts = key === undefined ? document.helperHosts : [key.host]
  const own = hosts.flatMap((host) => document.helperFor(hostOfKey(host)) ?? [])
  const found = own.map(({ name, key: server }) => ({
    helper: credentialHelper(name, `credHelpers in ${file.path}`, options),
    servers: helperKeys(hostOfKey(server), server),
  }))
  if (store === undefined || (key !== undefined && own.length > 0)) return found
  const helper = credentialHelper(store, `credsStore in ${file.path}`, options)
  if (!(await helper.isInstalled())) return found
  return [...found, { helper, servers: await serversOf(helper, key) }]
}

async function serversOf(helper: CredentialHelper, key: AuthKey | undefined): Promise<readonly string[]> {
  if (key === undefined) return await helper.list()
  return key.path === undefined ? helperKeys(key.host) : []
}

async function eraseInHelper(helper: CredentialHelper, servers: readonly string[]): Promise<CredentialsOrigin[]> {
  const erased: CredentialsOrigin[] = []
  for (const server of servers) {
    if (await helper.erase(server)) erased.push({ key: server, helper: helper.program })
  }
  return erased
}
