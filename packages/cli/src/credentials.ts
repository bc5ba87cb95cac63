import type { AuthOptions, CredentialsLookup, HostConfig } from '@crossdock/config'
import { type EndpointPrefix, flagName } from './endpoint-flags.ts'
import type { Call } from './endpoints.ts'
import { UsageError } from './failure.ts'
import { type Flags, isSet, textFlag } from './flags.ts'

/** What flags say of who the user is. */
export type GivenCredentials =
  | { readonly username: string; readonly password: string }
  | { readonly registryToken: string }

/** Where credentials come from that no flag gives: data, so that two ends can be told to be alike. */
export type StoredCredentials = 'none' | Pick<AuthOptions, 'authFile' | 'compatAuthFile'>

/** Undefined if no flag gives any. */
export async function givenCredentials(call: Call, prefix: EndpointPrefix): Promise<GivenCredentials | undefined> {
  const { flags, invocation, operation } = call
  const flag = (name: string): string => flagName(prefix, name)
  const registryToken = textFlag(flags, flag('registryToken'))
  if (registryToken !== undefined) return { registryToken }
  const pair = textFlag(flags, flag('creds'))
  if (pair !== undefined) return splitPair(pair)
  const username = textFlag(flags, flag('username'))
  const fromStdin = isSet(flags, flag('passwordStdin'))
  const password = fromStdin ? await invocation.readLine(operation.signal) : textFlag(flags, flag('password'))
  if (username === undefined && password === undefined) return undefined
  if (username === undefined) throw new UsageError('a password needs a user name beside it')
  return { username, password: password ?? '' }
}

function splitPair(pair: string): GivenCredentials {
  const colon = pair.indexOf(':')
  if (colon === 0 || pair === '') throw new UsageError('credentials are USER:PASSWORD, and the user is empty')
  if (colon < 0) return { username: pair, password: '' }
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1) }
}

/** `--no-creds`, else the file that a flag of the side names, else the one that counts for both; else the places of the machine. */
export function storedCredentials(flags: Flags, prefix: EndpointPrefix): StoredCredentials {
  const isAnonymous = prefix === '' ? flags['creds'] === false : isSet(flags, flagName(prefix, 'noCreds'))
  if (isAnonymous) return 'none'
  const own = textFlag(flags, flagName(prefix, 'authfile'))
  const [authFile, compatAuthFile] = [textFlag(flags, 'authfile'), textFlag(flags, 'compatAuthFile')]
  if (authFile !== undefined && compatAuthFile !== undefined) {
    throw new UsageError('--authfile and --compat-auth-file both name the only file with credentials: give one of them')
  }
  return own === undefined ? { authFile, compatAuthFile } : { authFile: own, compatAuthFile: undefined }
}

/** The same for a command that writes what it reads, such as `login`. */
export function authOptions(flags: Flags, host: HostConfig): AuthOptions {
  const stored = storedCredentials(flags, '')
  return stored === 'none' ? host.authOptions : { ...host.authOptions, ...stored }
}

/** Asked for a host when it wants to know who the user is, and not before. */
export function storedLookup(stored: StoredCredentials, host: HostConfig): CredentialsLookup | undefined {
  if (stored === 'none') return undefined
  return async (name, repository, { signal = host.authOptions.signal } = {}) => {
    const { lookUpCredentials } = await import('@crossdock/config')
    const options: AuthOptions = { ...host.authOptions, ...stored, signal }
    return (await lookUpCredentials({ host: name, repository }, options))?.credentials
  }
}
