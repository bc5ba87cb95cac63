import type { Certificates, HostConfig } from '@crossdock/config'
import {
  createTransportRegistry,
  ImageError,
  imageName,
  type ImageReference,
  type TransportRegistry,
} from '@crossdock/core'
import type { DockerTransportOptions } from '@crossdock/transport-docker'
import type { DefaultTransportsOptions } from '@crossdock/transports'
import { storeFolder } from './local-store/store-folder.ts'
import {
  type GivenCredentials,
  givenCredentials,
  type StoredCredentials,
  storedCredentials,
  storedLookup,
} from './credentials.ts'
import { type EndpointPrefix, flagName } from './endpoint-flags.ts'
import { type EngineSettings, engineSettings } from './engine-settings.ts'
import { UsageError } from './failure.ts'
import { type Flags, listFlag, numberFlag, textFlag } from './flags.ts'
import { certificatesIn, hostConfig } from './host-config.ts'
import type { Invocation, Operation } from './invocation.ts'
import { type NamedHost, namedHosts } from './named-hosts.ts'
import { signaturePlaces } from './signature-places.ts'
import { discoveryOptions, urlOptions } from './url-options.ts'

/** How to reach one end: what the flags of one side say. */
export interface EndpointSettings {
  readonly credentials?: GivenCredentials | undefined
  /** Whom given credentials are for, where images name hosts themselves. */
  readonly credentialHosts?: readonly NamedHost[] | undefined
  /** Where they are if they were not given. */
  readonly stored: StoredCredentials
  /** Default: those of the machine for the registry. */
  readonly certificates?: Certificates | undefined
  /** Whether plain http and certificates that do not verify are accepted. Default: as the machine has it. */
  readonly insecure?: boolean | undefined
  readonly resume: boolean
  /** Whether later processes know as well where blobs are. */
  readonly locations: true | undefined
  /** How often a request is sent at most; the transport's own default if undefined. */
  readonly maxAttempts?: number | undefined
  /** Milliseconds; the transport's own defaults if undefined. */
  readonly connectTimeoutMs?: number | undefined
  readonly idleTimeoutMs?: number | undefined
  readonly userAgent?: string | undefined
  readonly trustedHosts?: readonly string[] | undefined
  readonly sharedBlobDir?: string | undefined
  readonly tmpDir?: string | undefined
  /** What is known of archives that were downloaded. Default: what lies beside them. */
  readonly httpRecords?: NonNullable<DefaultTransportsOptions['http']>['records']
  /** Of an image in a store: where that is. */
  readonly store?: DefaultTransportsOptions['store']
  readonly engine: EngineSettings
}

/** A command that is being carried out. */
export interface Call {
  readonly flags: Flags
  readonly invocation: Invocation
  readonly operation: Operation
}

/** One end of a call. */
export interface Endpoint {
  readonly prefix: EndpointPrefix
  /** The image's name: it tells what certificates are for. */
  readonly name: string
  /** Of a command with several images: all their names. */
  readonly names?: readonly string[] | undefined
}

export async function endpointSettings(
  call: Call,
  { prefix, name: image, names = [image] }: Endpoint,
): Promise<EndpointSettings> {
  const { flags, operation, invocation } = call
  const flag = (name: string): string => flagName(prefix, name)
  const retries = numberFlag(flags, 'retryTimes')
  const folder = textFlag(flags, flag('certDir'))
  const isEngine = image.startsWith('docker-daemon:')
  const engine = { host: textFlag(flags, flag('daemonHost')), ...(isEngine && { certDir: folder }) }
  const credentials = await givenCredentials(call, prefix)
  return {
    credentials,
    credentialHosts: credentials && namedHosts(names),
    stored: storedCredentials(flags, prefix),
    certificates: folder === undefined || isEngine ? undefined : await certificatesIn(folder, operation.signal),
    insecure: insecureFlag(flags[flag('tlsVerify')] ?? flags['tlsVerify']),
    resume: flags['resume'] !== false,
    locations: flags['rememberLocations'] === true || undefined,
    maxAttempts: retries === undefined ? undefined : retries + 1,
    connectTimeoutMs: numberFlag(flags, 'connectTimeout'),
    idleTimeoutMs: numberFlag(flags, 'idleTimeout'),
    trustedHosts: listFlag(flags, 'trustedHost'),
    userAgent: userAgent(textFlag(flags, 'userAgentPrefix')),
    sharedBlobDir: textFlag(flags, flag('sharedBlobDir')),
    tmpDir: textFlag(flags, 'tmpdir'),
    store: image.startsWith('store:') ? await storeSettings(call) : undefined,
    engine: engineSettings(engine, invocation.terminal.env),
  }
}

async function storeSettings(call: Call): Promise<EndpointSettings['store']> {
  return { folder: await storeFolder(call), namespace: textFlag(call.flags, 'namespace') }
}

function insecureFlag(verify: unknown): boolean | undefined {
  return typeof verify === 'boolean' ? !verify : undefined
}

function userAgent(prefix: string | undefined): string | undefined {
  if (prefix === undefined) return undefined
  if (/^[\x20-\x7E]{1,256}$/.test(prefix)) return `${prefix} crossdock`
  throw new UsageError('--user-agent-prefix takes up to 256 printable ASCII characters')
}

/** How registries are reached. What the machine has configured counts where the flags are silent. */
export function dockerOptions(settings: EndpointSettings, host: HostConfig): DockerTransportOptions {
  const { idleTimeoutMs, connectTimeoutMs, maxAttempts, userAgent: agent, trustedHosts, stored } = settings
  const { credentials, certificates, insecure, resume, locations } = settings
  const docker = {
    credentials,
    certificates,
    insecure,
    resume,
    locations,
    maxAttempts,
    connectTimeoutMs,
    trustedHosts,
    userAgent: agent,
  }
  const timeouts = { headersTimeoutMs: idleTimeoutMs, idleBodyTimeoutMs: idleTimeoutMs }
  const servers = {
    ...timeouts,
    connectTimeoutMs,
    tlsTimeoutMs: connectTimeoutMs,
    maxAttempts,
    userAgent: agent,
    trustedHosts,
  }
  return {
    certificates: (registry) => host.certificates(registry),
    registries: (reference) => host.registryRoute(reference),
    ...signaturePlaces(host, servers),
    credentials: storedLookup(stored, host),
    ...Object.fromEntries(Object.entries({ ...timeouts, ...docker }).filter(([, value]) => value !== undefined)),
  }
}

/**
 * The transports for one side. Loaded here and not at the start: help and version need none of them, and most commands one or two. What
 * images are called tells which; without that it is all.
 */
async function openTransports(
  settings: EndpointSettings,
  { host, images }: { readonly host: HostConfig; readonly images?: readonly string[] },
): Promise<TransportRegistry> {
  const { loadTransports } = await import('@crossdock/transports/load')
  const { resume, sharedBlobDir, idleTimeoutMs, tmpDir, engine, store } = settings
  const options: DefaultTransportsOptions = {
    docker: dockerOptions(settings, host),
    ociDir: { resume, sharedBlobDir },
    dir: { resume },
    http: urlOptions(settings, host),
    aciDiscovery: discoveryOptions(settings, host),
    ociArchive: { tmpDir },
    dockerArchive: { tmpDir },
    aci: { tmpDir },
    tarball: { tmpDir },
    store: { ...store, resume },
    dockerDaemon: {
      ...engine,
      insecure: settings.insecure,
      connectTimeoutMs: settings.connectTimeoutMs,
      idleTimeoutMs,
      tmpDir,
    },
  }
  const names = images?.map((image) => image.slice(0, Math.max(0, image.indexOf(':')))) ?? ['']
  return createTransportRegistry(await loadTransports(names, options))
}

export interface TransportsOptions extends Pick<EndpointSettings, 'httpRecords'> {
  /** What the images are called that are read. */
  readonly names: readonly string[]
}

/** Gives the transports to `work`, as the flags of a call have them, and closes them whatever happens. */
export async function withTransports<Value>(
  call: Call,
  { names, httpRecords }: TransportsOptions,
  work: (transports: TransportRegistry) => Promise<Value>,
): Promise<Value> {
  const common = await endpointSettings(call, { prefix: '', name: '', names })
  const registry = await openTransports({ ...common, httpRecords }, { host: await hostConfig(call) })
  try {
    return await work(registry)
  } finally {
    await registry.close()
  }
}

/** Gives the image behind a name to `work`, and closes the transports whatever happens. */
export async function withImage<Value>(
  call: Call,
  name: string,
  work: (image: ImageReference) => Promise<Value>,
): Promise<Value> {
  const settings = await endpointSettings(call, { prefix: '', name })
  const registry = await openTransports(settings, { host: await hostConfig(call), images: [name] })
  let image: ImageReference | undefined
  try {
    image = await readable(registry.parse(name), { registry, call })
    return await work(image)
  } catch (error) {
    throw error instanceof ImageError && image !== undefined
      ? ImageError.from(error, error.code, { image: imageName(image) })
      : error
  } finally {
    await registry.close()
  }
}

/** The two ends of a copy. */
export interface EndNames {
  readonly from: string
  readonly to: string
  /** Whose flags are about an end. Default: those that begin with `--src-` and `--dest-`. */
  readonly prefixes?: { readonly from: EndpointPrefix; readonly to: EndpointPrefix } | undefined
}

/**
 * Gives both ends of a copy to `work`, and closes the transports whatever happens. One set of transports serves both if their settings
 * agree, so that they share connections.
 */
export async function withEnds<Value>(
  call: Call,
  { from, to, prefixes = { from: 'src', to: 'dest' } }: EndNames,
  work: (from: ImageReference, to: ImageReference) => Promise<Value>,
): Promise<Value> {
  const source = await endpointSettings(call, { prefix: prefixes.from, name: from })
  const destination = await endpointSettings(call, { prefix: prefixes.to, name: to })
  const host = await hostConfig(call)
  const shared = JSON.stringify(source) === JSON.stringify(destination)
  const sources = await openTransports(source, { host, images: shared ? [from, to] : [from] })
  const destinations = shared ? sources : await openTransports(destination, { host, images: [to] })
  try {
    const image = await readable(parse(sources, from, 'source'), { registry: sources, call })
    return await work(image, parse(destinations, to, 'destination'))
  } finally {
    await Promise.all([sources.close(), destinations.close()])
  }
}

/** Transports of images that may depend on others. */
const DEPENDING: ReadonlySet<string> = new Set(['aci', 'appc', 'http', 'https'])

interface Readable {
  readonly registry: TransportRegistry
  readonly call: Call
}

/** The image with what it depends on, each judged as it is. */
async function readable(image: ImageReference, { registry, call }: Readable): Promise<ImageReference> {
  if (!DEPENDING.has(image.transport.name)) return image
  const [{ withDependencies }, { imageJudge }] = await Promise.all([
    import('@crossdock/finder'),
    import('./image-judge.ts'),
  ])
  let judge: ReturnType<typeof imageJudge> | undefined
  return withDependencies(image, {
    transports: registry,
    async admit(dependency, operation) {
      judge ??= imageJudge(call)
      await (
        await judge
      )?.(dependency, operation)
    },
  })
}

function parse(registry: TransportRegistry, name: string, side: 'source' | 'destination'): ImageReference {
  try {
    return registry.parse(name)
  } catch (error) {
    throw ImageError.from(error, 'INVALID_REFERENCE', { side })
  }
}
