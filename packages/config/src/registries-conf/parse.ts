import { quoteForeign } from '@crossdock/core'
import { type Fields, fieldsOf } from '../documents/fields.ts'
import { readToml } from '../documents/toml.ts'
import { refuseOtherCase, unknownKeys } from '../documents/unknown-keys.ts'
import { checkConflicts, type TableEntry } from './conflicts.ts'
import { readRegistry } from './parse-registry.ts'
import { readPlainAliases } from './plain-aliases.ts'
import type { RegistriesConfFile, RegistryEntry, ShortNameAlias, ShortNameMode } from './registries-conf.ts'
import { aliasNameProblem, aliasTarget } from './short-name.ts'

const KEYS = new Set([
  'registry',
  'unqualified-search-registries',
  'credential-helpers',
  'short-name-mode',
  'additional-layer-store-auth-helper',
  'aliases',
])

const MODES: readonly ShortNameMode[] = ['enforcing', 'permissive', 'disabled']

/**
 * Reads one file of the form containers-registries.conf(5), version 2. Throws `INVALID_DATA`, `FILE:LINE:COLUMN: reason`, for what the form does
 * not allow, version 1 included. Unknown keys are noted.
 */
export async function parseRegistriesConf(bytes: Uint8Array, file: string): Promise<RegistriesConfFile> {
  const aliases = readPlainAliases(bytes, file)
  if (aliases !== undefined) return { file, registries: [], ...NOTHING_ELSE, aliases, notes: [] }
  const top = fieldsOf(await readToml(bytes, file))
  refuseVersion1(top)
  refuseOtherCase(top, KEYS)
  const notes = unknownKeys(top, KEYS)
  const entries = (top.tables('registry') ?? []).map((table) => ({
    table,
    entry: readRegistry(table, { origin: { file, line: table.line() }, notes }),
  }))
  checkConflicts(entries)
  return {
    file,
    registries: firstOfEach(entries, notes),
    unqualifiedSearchRegistries: searchRegistries(top),
    credentialHelpers: top.texts('credential-helpers'),
    shortNameMode: shortNameMode(top),
    additionalLayerStoreAuthHelper: top.text('additional-layer-store-auth-helper') || undefined,
    aliases: readAliases(top, file),
    notes,
  }
}

const NOTHING_ELSE = {
  unqualifiedSearchRegistries: undefined,
  credentialHelpers: undefined,
  shortNameMode: undefined,
  additionalLayerStoreAuthHelper: undefined,
} as const

/** `[registries.search]`, `[registries.insecure]` and `[registries.block]`, which nobody reads any more. */
function refuseVersion1(top: Fields): void {
  const old = top.keys.includes('registries') ? top.table('registries') : undefined
  const key = old?.keys.find((name) => ['search', 'insecure', 'block'].includes(name))
  if (old === undefined || key === undefined) return
  const instead = key === 'search' ? 'unqualified-search-registries = […]' : '[[registry]] with location and '
  const flag = key === 'search' ? '' : key === 'block' ? 'blocked = true' : 'insecure = true'
  throw old.error(key, `[registries.${key}] is version 1 of this format: write ${instead}${flag}`)
}

/** Of entries with one prefix the first counts. */
function firstOfEach(entries: readonly TableEntry[], notes: string[]): readonly RegistryEntry[] {
  const first = new Map<string, RegistryEntry>()
  for (const { entry, table } of entries) {
    const other = first.get(entry.prefix)
    if (other === undefined) first.set(entry.prefix, entry)
    else {
      const where = `${quoteForeign(entry.prefix, 100)} was there before, in line ${other.origin.line}`
      notes.push(table.error(undefined, `${where}: this one is not heeded`).message)
    }
  }
  return [...first.values()]
}

const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::[0-9]{1,5})?$/

function searchRegistries(top: Fields): readonly string[] | undefined {
  const key = 'unqualified-search-registries'
  return top.texts(key)?.map((given) => {
    const host = given.replace(/\/+$/, '')
    if (HOST.test(host)) return host
    throw top.error(key, `"${quoteForeign(given, 100)}" is not HOST or HOST:PORT`)
  })
}

function shortNameMode(top: Fields): ShortNameMode | undefined {
  const key = 'short-name-mode'
  const given = top.text(key) || undefined
  const mode = MODES.find((known) => known === given)
  if (given !== undefined && mode === undefined) throw top.error(key, `"${key}" is one of ${MODES.join(', ')}`)
  return mode
}

function readAliases(top: Fields, file: string): ReadonlyMap<string, ShortNameAlias> {
  const table = top.table('aliases')
  if (table === undefined) return new Map()
  return new Map(
    table.keys.map((name) => [name, { target: readAlias(table, name), origin: { file, line: table.line(name) } }]),
  )
}

function readAlias(table: Fields, name: string): string | undefined {
  const problem = aliasNameProblem(name)
  if (problem !== undefined) throw table.error(name, `"${quoteForeign(name, 100)}": ${problem}`)
  const text = table.text(name) ?? ''
  if (text === '') return undefined
  const target = aliasTarget(text)
  if (target !== undefined) return target
  const wanted = 'a repository with its registry, without tag and digest'
  throw table.error(name, `"${quoteForeign(text, 100)}" is not ${wanted}`)
}
