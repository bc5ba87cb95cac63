import {
  type DockerReference,
  formatDockerReference,
  ImageError,
  parseDockerReference,
  quoteForeign,
} from '@crossdock/core'
import type { RegistriesConf } from './registries-conf.ts'
import { isShortName } from './short-name.ts'

/** What a name may mean, and which file says so. */
export interface ShortNameCandidate {
  readonly reference: DockerReference
  readonly origin: 'as written' | 'alias' | 'search'
  /** Undefined for a name as it was written. */
  readonly file?: string | undefined
}

export interface ShortNameResolution {
  /** What to try, in this order. */
  readonly candidates: readonly ShortNameCandidate[]
  /**
   * Whether to ask which of them is meant: `required` if nothing may be tried otherwise, `possible` if all of them may be tried in order where
   * nobody can be asked.
   */
  readonly choice: 'none' | 'possible' | 'required'
  /** The name under which a choice, once it has proved good, is recorded as an alias. */
  readonly record?: string | undefined
}

/**
 * What an image name means that may leave its registry out: an alias (of the cache first), else the name in each registry for unqualified search.
 * containers-registries.conf(5), "Short-Name Aliasing". Tags and digests are kept; none is filled in. Throws `INVALID_REFERENCE` for what is no
 * name, and `NOT_FOUND` for a short name without alias where no registry is configured for searching.
 */
export function resolveShortName(
  name: string,
  conf: Pick<RegistriesConf, 'aliases' | 'shortNameMode' | 'unqualifiedSearchRegistries'>,
  cache: RegistriesConf['aliases'] = new Map(),
): ShortNameResolution {
  const written = parseDockerReference(name)
  if (!isShortName(name)) return { candidates: [{ reference: written, origin: 'as written' }], choice: 'none' }
  const short = name.slice(0, name.length - suffixOf(written).length)
  const alias = cache.get(short) ?? conf.aliases.get(short)
  if (alias?.target !== undefined) {
    const reference = parseDockerReference(alias.target + suffixOf(written))
    return { candidates: [{ reference, origin: 'alias', file: alias.origin.file }], choice: 'none' }
  }
  const { value: hosts, file } = conf.unqualifiedSearchRegistries
  if (hosts.length === 0) throw unresolvable(name)
  const candidates = hosts.map((host) => ({
    reference: parseDockerReference(`${host}/${name}`),
    origin: 'search' as const,
    file,
  }))
  const mode = conf.shortNameMode.value
  if (mode === 'disabled' || hosts.length === 1) return { candidates, choice: 'none' }
  return { candidates, choice: mode === 'enforcing' ? 'required' : 'possible', record: short }
}

function suffixOf({ tag, digest }: DockerReference): string {
  const name = { domain: 'x.x', path: 'x' }
  return formatDockerReference({ ...name, tag, digest }).slice('x.x/x'.length)
}

function unresolvable(name: string): ImageError {
  const what = `the short name "${quoteForeign(name, 200)}" has no alias, and no registry is configured to search it in`
  return new ImageError('NOT_FOUND', `${what}: write its registry, such as docker.io/${quoteForeign(name, 200)}`)
}
