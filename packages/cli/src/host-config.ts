import type { Certificates, HostConfig } from '@crossdock/config'
import type { Call } from './endpoints.ts'
import { textFlag } from './flags.ts'
import type { Invocation } from './invocation.ts'

/** A folder that stands for `/` in the built-in paths of configuration files. */
const CONFIG_ROOT = 'CROSSDOCK_CONFIG_ROOT'

const known = new WeakMap<Invocation, Promise<HostConfig>>()

/** What the machine has configured, as the flags of a call have it: one value for all that is done in it. */
export function hostConfig(call: Call): Promise<HostConfig> {
  const found = known.get(call.invocation) ?? load(call)
  known.set(call.invocation, found)
  return found
}

async function load({ flags, invocation, operation }: Call): Promise<HostConfig> {
  const { hostEnvironment, loadHostConfig } = await import('@crossdock/config')
  const { env } = invocation.terminal
  return loadHostConfig({
    host: { ...hostEnvironment(env), root: env[CONFIG_ROOT] || undefined },
    registriesConf: textFlag(flags, 'registriesConf'),
    registriesDir: textFlag(flags, 'registries.d'),
    policy: textFlag(flags, 'policy'),
    authFile: textFlag(flags, 'authfile'),
    compatAuthFile: textFlag(flags, 'compatAuthFile'),
    signal: operation.signal,
  })
}

/** The certificates in the folder that a flag names. */
export async function certificatesIn(folder: string, signal: AbortSignal): Promise<Certificates> {
  const { readCertificates } = await import('@crossdock/config')
  return await readCertificates(folder, { signal })
}
