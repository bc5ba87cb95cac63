import type { DefaultTransportsOptions } from '@crossdock/transports'
import type { Terminal } from './invocation.ts'

/** Where a Docker Engine is, as its transport takes it. */
export type EngineSettings = Pick<NonNullable<DefaultTransportsOptions['dockerDaemon']>, 'host' | 'certDir'>

/**
 * What the flags say of an engine, else what the environment says to the `docker` command: `DOCKER_HOST`, `DOCKER_CERT_PATH`, and with
 * `DOCKER_TLS_VERIFY` alone the certificates in `~/.docker`. An empty value counts as none.
 */
export function engineSettings({ host, certDir }: EngineSettings, env: Terminal['env']): EngineSettings {
  return { host: given(host) ?? given(env['DOCKER_HOST']), certDir: given(certDir) ?? certificateFolder(env) }
}

function certificateFolder(env: Terminal['env']): string | undefined {
  const folder = given(env['DOCKER_CERT_PATH'])
  if (folder !== undefined || given(env['DOCKER_TLS_VERIFY']) === undefined) return folder
  const { homedir } = process.getBuiltinModule('node:os')
  return process.getBuiltinModule('node:path').join(homedir(), '.docker')
}

function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}
