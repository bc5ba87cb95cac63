import { quoteForeign } from '@crossdock/core'
import type { Fields } from '../documents/fields.ts'
import { lowerCaseHost } from '../host/lower-case-host.ts'
import { refuseOtherCase, unknownKeys } from '../documents/unknown-keys.ts'
import type { Mirror, Origin, RegistryEntry } from './registries-conf.ts'

const KEYS = new Set(['prefix', 'location', 'insecure', 'blocked', 'mirror-by-digest-only', 'mirror'])
const MIRROR_KEYS = new Set(['location', 'insecure', 'pull-from-mirror'])
const PULLS: readonly Mirror['pull'][] = ['all', 'digest-only', 'tag-only']

/** Reads one `[[registry]]` table; what has no meaning in it is added to `notes`. */
export function readRegistry(
  table: Fields,
  { origin, notes }: { readonly origin: Origin; readonly notes: string[] },
): RegistryEntry {
  if (table.text('pull-from-mirror') !== undefined) {
    throw table.error('pull-from-mirror', '"pull-from-mirror" belongs into [[registry.mirror]], not to the registry')
  }
  refuseOtherCase(table, KEYS)
  notes.push(...unknownKeys(table, KEYS))
  const location = place(table, 'location')
  const prefix = place(table, 'prefix') ?? location
  if (prefix === undefined)
    throw table.error(undefined, 'a registry needs a "location", or a "prefix" such as *.DOMAIN')
  checkPrefix(table, { prefix, location })
  const byDigestOnly = table.flag('mirror-by-digest-only') ?? false
  const mirrors = (table.tables('mirror') ?? []).map((mirror) => {
    refuseOtherCase(mirror, MIRROR_KEYS)
    notes.push(...unknownKeys(mirror, MIRROR_KEYS))
    return readMirror(mirror, byDigestOnly)
  })
  return {
    prefix,
    location,
    insecure: table.flag('insecure') ?? false,
    blocked: table.flag('blocked') ?? false,
    mirrors,
    origin,
  }
}

function checkPrefix(
  table: Fields,
  { prefix, location }: { readonly prefix: string; readonly location: string | undefined },
): void {
  const isWildcard = prefix.startsWith('*.')
  if (isWildcard && /[/@:]/.test(prefix)) {
    throw table.error('prefix', `"${quoteForeign(prefix, 100)}" has more than a domain behind "*.": write *.DOMAIN`)
  }
  if (!isWildcard && location === undefined) {
    throw table.error(undefined, 'a registry needs a "location", unless its prefix is *.DOMAIN')
  }
}

function readMirror(table: Fields, byDigestOnly: boolean): Mirror {
  const location = place(table, 'location')
  if (location === undefined) throw table.error(undefined, 'a mirror needs a "location"')
  const given = table.text('pull-from-mirror') || undefined
  if (given !== undefined && byDigestOnly) {
    throw table.error('pull-from-mirror', 'the registry has "mirror-by-digest-only": leave one of the two out')
  }
  const pull = given === undefined ? 'all' : PULLS.find((known) => known === given)
  if (pull === undefined) throw table.error('pull-from-mirror', `"pull-from-mirror" is one of ${PULLS.join(', ')}`)
  return { location, insecure: table.flag('insecure') ?? false, pull: byDigestOnly ? 'digest-only' : pull }
}

/** A prefix or location, its host in lower case as in names, and without slashes at its end; undefined if it is empty. */
function place(table: Fields, key: 'prefix' | 'location'): string | undefined {
  const text = table.text(key)?.replace(/\/+$/, '')
  if (text !== undefined && /^https?:\/\//.test(text)) {
    throw table.error(key, `"${key}" is HOST[:PORT][/PATH], without http:// or https://`)
  }
  return text ? lowerCaseHost(text) : undefined
}
