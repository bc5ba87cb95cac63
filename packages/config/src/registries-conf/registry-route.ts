import {
  type DockerReference,
  formatDockerReference,
  ImageError,
  parseDockerReference,
  quoteForeign,
} from '@crossdock/core'
import { findRegistry, type PrefixMatch } from './match-prefix.ts'
import type { Mirror, RegistriesConf } from './registries-conf.ts'

/** One place to read an image from. */
export interface RegistryEndpoint {
  /** What to ask for there. */
  readonly reference: DockerReference
  /** Certificates are not checked, and plain HTTP is spoken if TLS is not. */
  readonly insecure: boolean
}

/** What the configuration says of a reference. */
export interface RegistryRoute {
  /** Why, and by which file and line, nothing of it may be read, written or deleted. Undefined: it may. */
  readonly blocked?: string | undefined
  /** Where to read it: mirrors in order, then the registry itself. */
  readonly sources: readonly RegistryEndpoint[]
  /** Of the registry itself, for writing. Names are then not rewritten and mirrors not used. */
  readonly insecure: boolean
}

/** What the configuration says of a reference; undefined if it says nothing. Throws `INVALID_DATA` for a name that cannot be rewritten. */
export function registryRoute(
  { registries }: Pick<RegistriesConf, 'registries'>,
  reference: DockerReference,
): RegistryRoute | undefined {
  const match = findRegistry(registries, reference)
  if (match === undefined) return undefined
  const { entry } = match
  const { location, insecure, mirrors } = entry
  const places = [
    ...mirrors.filter((mirror) => serves(mirror, reference)).map((mirror) => ({ ...mirror })),
    { location, insecure },
  ]
  return {
    ...(entry.blocked && { blocked: blockedBecause(match) }),
    sources: places.map((place) => ({
      reference: place.location === undefined ? reference : rewrite(match, place.location),
      insecure: place.insecure,
    })),
    insecure,
  }
}

function serves({ pull }: Mirror, { digest }: DockerReference): boolean {
  return pull === 'all' || (pull === 'digest-only') === (digest !== undefined)
}

function blockedBecause({ entry: { prefix, origin } }: PrefixMatch): string {
  return `${quoteForeign(prefix, 100)} is blocked by ${quoteForeign(origin.file)}:${origin.line}`
}

/** The reference with `location` in place of the prefix. */
export function rewrite({ entry, text, length }: PrefixMatch, location: string): DockerReference {
  const written = location + text.slice(length)
  const reference = parsed(written)
  // What would be read with docker.io or library/ filled in is not what the file says.
  if (reference !== undefined && formatDockerReference(reference) === written) return reference
  const { file, line } = entry.origin
  const what = `${quoteForeign(text, 200)} becomes "${quoteForeign(written, 200)}", which is not a name of an image`
  throw new ImageError('INVALID_DATA', `${quoteForeign(file)}:${line}: ${what}: correct the location`)
}

function parsed(text: string): DockerReference | undefined {
  try {
    return parseDockerReference(text)
  } catch {
    return undefined
  }
}
