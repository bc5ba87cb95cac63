import { createTransportRegistry, type ImageReference, type TransportRegistry } from '@crossdock/core'
import { type Command, Option } from 'commander'
import { UsageError } from './failure.ts'
import { booleanFlag, type Flags, isSet, numberFlag, textFlag } from './flags.ts'

/** How to reach one end: what the flags of one side say. */
export interface EndpointSettings {
  readonly credentials?: Credentials | undefined
  /** Plain http and certificates that do not verify are accepted. */
  readonly insecure: boolean
  readonly resume: boolean
  /** How often a request is sent at most; the transport's own default if undefined. */
  readonly maxAttempts?: number | undefined
  /** Milliseconds; the transport's own defaults if undefined. */
  readonly connectTimeoutMs?: number | undefined
  readonly idleTimeoutMs?: number | undefined
}

type Credentials = { readonly username: string; readonly password: string } | { readonly registryToken: string }

/** The prefix of a side's flags; none where a command has one image only. */
export type EndpointPrefix = '' | 'src' | 'dest'

/** Adds the flags of one side to a command. */
export function addEndpointFlags(command: Command, prefix: EndpointPrefix): Command {
  const of = { '': 'the image', src: 'the source', dest: 'the destination' }[prefix]
  const dashed = prefix === '' ? '--' : `--${prefix}-`
  return command
    .addOption(new Option(`${dashed}creds <user[:password]>`, `credentials for the registry of ${of}`))
    .addOption(
      new Option(`${dashed}username <name>`, `user for the registry of ${of}`).conflicts(flagName(prefix, 'creds')),
    )
    .addOption(new Option(`${dashed}password <password>`, `password that goes with ${dashed}username`))
    .addOption(new Option(`${dashed}registry-token <token>`, `bearer token for the registry of ${of}`))
    .addOption(new Option(`${dashed}no-creds`, `reach the registry of ${of} anonymously`))
    .addOption(
      new Option(
        `${dashed}tls-verify <boolean>`,
        `whether the registry of ${of} must speak https with a valid certificate`,
      )
        .default(true)
        .argParser(booleanFlag),
    )
}

/** What commander makes of `--src-tls-verify`: `srcTlsVerify`. */
function flagName(prefix: EndpointPrefix, name: string): string {
  return prefix === '' ? name : prefix + name.slice(0, 1).toUpperCase() + name.slice(1)
}

export function endpointSettings(flags: Flags, prefix: EndpointPrefix): EndpointSettings {
  const flag = (name: string): string => flagName(prefix, name)
  const retries = numberFlag(flags, 'retryTimes')
  return {
    credentials: isSet(flags, flag('noCreds')) ? undefined : credentials(flags, flag),
    insecure: flags[flag('tlsVerify')] === false,
    resume: flags['resume'] !== false,
    maxAttempts: retries === undefined ? undefined : retries + 1,
    connectTimeoutMs: numberFlag(flags, 'connectTimeout'),
    idleTimeoutMs: numberFlag(flags, 'idleTimeout'),
  }
}

function credentials(flags: Flags, flag: (name: string) => string): Credentials | undefined {
  const registryToken = textFlag(flags, flag('registryToken'))
  if (registryToken !== undefined) return { registryToken }
  const pair = textFlag(flags, flag('creds'))
  if (pair !== undefined) return splitPair(pair)
  const username = textFlag(flags, flag('username'))
  const password = textFlag(flags, flag('password'))
  if (username === undefined && password === undefined) return undefined
  if (username === undefined) throw new UsageError('a password needs a user name beside it')
  return { username, password: password ?? '' }
}

function splitPair(pair: string): Credentials {
  const colon = pair.indexOf(':')
  if (colon === 0 || pair === '') throw new UsageError('credentials are USER:PASSWORD, and the user is empty')
  if (colon < 0) return { username: pair, password: '' }
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1) }
}

/** The transports for one side. Loaded here and not at the start: help and version need none of them. */
async function openTransports(settings: EndpointSettings): Promise<TransportRegistry> {
  const { defaultTransports } = await import('@crossdock/transports')
  const { credentials: known, insecure, resume, maxAttempts, connectTimeoutMs, idleTimeoutMs } = settings
  const timeouts = { connectTimeoutMs, headersTimeoutMs: idleTimeoutMs, idleBodyTimeoutMs: idleTimeoutMs }
  return createTransportRegistry(
    defaultTransports({
      docker: { insecure, resume, maxAttempts, ...timeouts, ...(known !== undefined && { credentials: known }) },
      ociDir: { resume },
    }),
  )
}

/** Gives the image behind a name to `work`, and closes the transports whatever happens. */
export async function withImage<Value>(
  settings: EndpointSettings,
  name: string,
  work: (image: ImageReference) => Promise<Value>,
): Promise<Value> {
  const registry = await openTransports(settings)
  try {
    return await work(registry.parse(name))
  } finally {
    await registry.close()
  }
}

/** The two ends of a copy. One set of transports serves both if their settings agree, so that they share connections. */
export async function withEnds<Value>(
  flags: Flags,
  names: { readonly from: string; readonly to: string },
  work: (from: ImageReference, to: ImageReference) => Promise<Value>,
): Promise<Value> {
  const [source, destination] = [endpointSettings(flags, 'src'), endpointSettings(flags, 'dest')]
  const sources = await openTransports(source)
  const shared = JSON.stringify(source) === JSON.stringify(destination)
  const destinations = shared ? sources : await openTransports(destination)
  try {
    return await work(sources.parse(names.from), destinations.parse(names.to))
  } finally {
    await Promise.all([sources.close(), destinations.close()])
  }
}
