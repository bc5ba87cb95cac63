import { join } from 'node:path'
import type { HostConfig, RktConfig, RktCredentials } from '@crossdock/config'
import type { DefaultTransportsOptions } from '@crossdock/transports'
import { storedLookup } from './credentials.ts'
import type { EndpointSettings } from './endpoints.ts'
import { isNamed } from './named-hosts.ts'

type UrlOptions = NonNullable<DefaultTransportsOptions['http']>
type DiscoveryOptions = NonNullable<DefaultTransportsOptions['aciDiscovery']>
type Lookup = Extract<UrlOptions['credentials'], (...args: never) => unknown>
type Found = Awaited<ReturnType<Lookup>>

/** How archives behind URLs are fetched. What the machine has configured counts where the flags are silent. */
export function urlOptions(settings: EndpointSettings, host: HostConfig): UrlOptions {
  const { certificates, insecure, idleTimeoutMs, resume, connectTimeoutMs, maxAttempts } = settings
  return {
    credentials: given(settings) ?? lookup(settings, host),
    certificates: certificates ?? ((name) => host.certificates(name)),
    insecure,
    resume,
    cacheFolder: cacheFolder(host),
    records: settings.httpRecords,
    connectTimeoutMs,
    headersTimeoutMs: idleTimeoutMs,
    idleBodyTimeoutMs: idleTimeoutMs,
    maxAttempts,
    tmpDir: settings.tmpDir,
    trustedHosts: settings.trustedHosts,
    userAgent: settings.userAgent,
  }
}

/** How the pages are fetched that say where archives of a name lie: from the same hosts, they are asked in the same way. */
export function discoveryOptions(settings: EndpointSettings, host: HostConfig): DiscoveryOptions {
  const { credentials, certificates, insecure, ...options } = urlOptions(settings, host)
  const { connectTimeoutMs, headersTimeoutMs, idleBodyTimeoutMs, maxAttempts, trustedHosts, userAgent } = options
  return {
    credentials: typeof credentials === 'function' ? unsigned(credentials) : undefined,
    certificates,
    insecure,
    plainHttp: insecure,
    connectTimeoutMs,
    headersTimeoutMs,
    idleBodyTimeoutMs,
    maxAttempts,
    trustedHosts,
    userAgent,
  }
}

/** Keys of AWS sign what lies in a bucket, and never the request for a page. */
function unsigned(credentials: Lookup): DiscoveryOptions['credentials'] {
  return async (...asked) => {
    const found = await credentials(...asked)
    return found !== undefined && 'secretAccessKey' in found ? undefined : found
  }
}

/** What flags give is for the hosts that a person named: pages, and archives that depend on others, lead to hosts that they choose. */
function given({ credentials, credentialHosts = [] }: EndpointSettings): Lookup | undefined {
  return credentials && ((host) => (isNamed(host, credentialHosts) ? credentials : undefined))
}

/** Undefined, so that the transport's own counts, for a user without a home folder. */
function cacheFolder({ host: { env, home, platform } }: HostConfig): string | undefined {
  const set = platform === 'win32' ? env['LOCALAPPDATA'] : env['XDG_CACHE_HOME']
  const cache = set === undefined || set === '' ? home && join(home, '.cache') : set
  return cache === undefined || cache === '' ? undefined : join(cache, 'crossdock', 'http')
}

/** Those of rkt at once, as rkt sends them; those of registries only to a server that asks, as registries do. */
function lookup({ stored }: EndpointSettings, host: HostConfig): Lookup | undefined {
  const ofRegistries = storedLookup(stored, host)
  if (ofRegistries === undefined) return undefined
  let config: Promise<RktConfig> | undefined
  return async (name, repository, { signal, challenged = false } = {}) => {
    config ??= loadRkt(host)
    const { rktCredentials } = await import('@crossdock/config')
    const found = rktCredentials(await config, new URL(`https://${name}`))
    if (found !== undefined) return fromRkt(found)
    return challenged ? await ofRegistries(name, repository, { signal }) : undefined
  }
}

async function loadRkt({ host, options }: HostConfig): Promise<RktConfig> {
  const { loadRktConfig } = await import('@crossdock/config')
  return await loadRktConfig(host, { signal: options.signal })
}

function fromRkt(found: RktCredentials): Found {
  if (found.type === 'basic') return { username: found.user, password: found.password }
  return found.type === 'oauth' ? { registryToken: found.token } : found
}
