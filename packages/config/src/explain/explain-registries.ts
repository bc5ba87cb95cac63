import { type DockerReference, formatDockerReference } from '@crossdock/core'
import type { HostConfig } from '../host-config.ts'
import type { LoadedRegistriesConf } from '../registries-conf/load.ts'
import { findRegistry } from '../registries-conf/match-prefix.ts'
import { registryRoute } from '../registries-conf/registry-route.ts'
import { resolveShortName } from '../registries-conf/resolve-short-name.ts'
import { readShortNameCache } from '../registries-conf/short-name-cache.ts'
import { isShortName } from '../registries-conf/short-name.ts'
import type { RegistriesExplanation, ShortNameExplanation } from './explanation.ts'
import { problemOf } from './problem.ts'
import type { ExplainedSubject } from './subject.ts'

/** The answer, and the places that an image would be read from. */
interface Registries {
  readonly registries: RegistriesExplanation
  readonly endpoints: readonly DockerReference[]
}

const NOTHING: RegistriesExplanation = { searched: [], sources: [], insecure: false, notes: [] }

/** What `registries.conf` says of a subject. */
export async function explainRegistries(config: HostConfig, subject: ExplainedSubject): Promise<Registries> {
  let registries = NOTHING
  try {
    const conf = await config.registriesConf()
    registries = { ...NOTHING, searched: conf.searched, notes: conf.notes }
    return subject.kind === 'host' ? ofHost(conf, subject, registries) : await ofImage(config, subject, registries)
  } catch (error) {
    return { registries: { ...registries, problem: problemOf(error) }, endpoints: [] }
  }
}

function ofHost(
  { registries }: LoadedRegistriesConf,
  { name, reference }: ExplainedSubject,
  found: RegistriesExplanation,
): Registries {
  const entry = findRegistry(registries, reference)?.entry
  const below = registries.filter(({ prefix }) => prefix.startsWith(`${name}/`))
  const endpoints = (entry?.mirrors ?? []).map(({ location }) => ({
    domain: location.split('/', 1)[0] ?? location,
    path: '',
  }))
  return { registries: { ...found, entry, below, insecure: entry?.insecure ?? false }, endpoints }
}

async function ofImage(
  config: HostConfig,
  { name, reference }: ExplainedSubject,
  found: RegistriesExplanation,
): Promise<Registries> {
  const conf = await config.registriesConf()
  const entry = findRegistry(conf.registries, reference)?.entry
  const shortName = isShortName(name) ? await explainShortName(config, name) : undefined
  const route = registryRoute(conf, reference) ?? { sources: [{ reference, insecure: false }], insecure: false }
  const sources = route.sources.map((source, index) => ({
    reference: formatDockerReference(source.reference),
    insecure: source.insecure,
    isMirror: index < route.sources.length - 1,
  }))
  const { blocked, insecure } = route
  return {
    registries: { ...found, entry, blocked, sources, insecure, shortName },
    endpoints: route.sources.map((source) => source.reference),
  }
}

async function explainShortName(config: HostConfig, name: string): Promise<ShortNameExplanation> {
  const conf = await config.registriesConf()
  const mode = conf.shortNameMode.value
  try {
    const { candidates } = resolveShortName(name, conf, await readShortNameCache(config.host, config.options.signal))
    return {
      mode,
      candidates: candidates.map(({ reference, origin, file }) => ({
        reference: formatDockerReference(reference),
        origin,
        file,
      })),
    }
  } catch (error) {
    return { mode, candidates: [], problem: problemOf(error) }
  }
}
