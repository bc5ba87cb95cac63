import { formatDockerReference, ImageError } from '@crossdock/core'
import type { ShortNameResolution } from '@crossdock/config'
import type { Call } from './endpoints.ts'
import { hostConfig } from './host-config.ts'

/**
 * The images of registries that a name without a transport may mean: as the machine has it for short names, else of Docker Hub. Throws `INVALID_REFERENCE` if
 * somebody has to choose.
 */
export async function bareNames(text: string, call: Call): Promise<readonly string[]> {
  const resolved = await resolve(text, call)
  if (resolved === undefined) return [`docker://${text}`]
  const names = resolved.candidates.map(({ reference }) => `docker://${formatDockerReference(reference)}`)
  if (resolved.choice !== 'required') return names
  throw new ImageError(
    'INVALID_REFERENCE',
    `the short name "${text}" may mean ${names.join(', ')}, and registries.conf lets nobody but you choose: name one of them`,
  )
}

/** Undefined if the machine says nothing of it. */
async function resolve(text: string, call: Call): Promise<ShortNameResolution | undefined> {
  const config = await hostConfig(call)
  const { readShortNameCache, resolveShortName } = await import('@crossdock/config')
  const cache = await readShortNameCache(config.host, call.operation.signal)
  try {
    return resolveShortName(text, await config.registriesConf(), cache)
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
    throw reason
  }
}
