import type { AuthKey, Credentials } from '@crossdock/config'
import { type DockerReference, ImageError, parseDockerReference } from '@crossdock/core'
import type { LoggedIn, LogInOptions } from '@crossdock/transport-docker'
import { type Call, dockerOptions, endpointSettings } from './endpoints.ts'
import type { Flags } from './flags.ts'
import { hostConfig } from './host-config.ts'

/** Any repository of what a key stands for. Throws `INVALID_REFERENCE` for a host that no image name could have. */
export function repositoryWithin({ host, path = 'repository' }: AuthKey): DockerReference {
  const reference = parseDockerReference(`${host}/${path}`)
  if (reference.domain === host) return reference
  throw new ImageError(
    'INVALID_REFERENCE',
    `no image name has the registry "${host}": a host has a dot or a port, or is localhost; write its whole name`,
  )
}

/** Asks the registry whether it takes the credentials; without any, those that the flags and the machine have for it. */
export async function registryLogIn(
  call: Call,
  repository: DockerReference,
  { credentials, ...options }: LogInOptions & { readonly credentials?: Credentials | undefined },
): Promise<LoggedIn> {
  const flags = credentials === undefined ? call.flags : withoutUser(call.flags)
  const settings = await endpointSettings({ ...call, flags }, { prefix: '', name: `docker://${repository.domain}` })
  const known = dockerOptions(settings, await hostConfig(call))
  const { dockerTransport } = await import('@crossdock/transport-docker')
  const docker = dockerTransport(credentials === undefined ? known : { ...known, credentials })
  try {
    return await docker.logIn(repository, { ...call.operation, ...options })
  } finally {
    await docker.close()
  }
}

/** Flags about who the user is have been read: a password on stdin is there once. */
function withoutUser({ username: _, password: __, passwordStdin: ___, ...flags }: Flags): Flags {
  return flags
}
