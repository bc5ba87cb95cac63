import { quoteForeign } from '@crossdock/core'
import { type Fields, fieldsOf } from '../documents/fields.ts'
import { readStrictJson } from '../documents/strict-json.ts'
import type { Origin } from '../registries-conf/registries-conf.ts'
import { awsRegion } from './aws-region.ts'
import type { RktAuth, RktConfig, RktCredentials, RktPath, RktStage1 } from './rkt-config.ts'

/** No file is larger. */
export const MAX_RKT_FILE_BYTES: number = 1024 * 1024

/** The sub-folders of a configuration folder, and the kinds of files in each. */
export const RKT_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  'auth.d': ['auth', 'dockerAuth'],
  'paths.d': ['paths'],
  'stage1.d': ['stage1'],
}

/** What one file says. */
export type RktFile = Partial<RktConfig>

/**
 * Reads one file of rkt's configuration (rkt, "Configuration"). Throws `INVALID_DATA`, `FILE:LINE:COLUMN: reason`, which quotes no value that may be a
 * secret.
 */
export function parseRktFile(
  bytes: Uint8Array,
  { file, folder }: { readonly file: string; readonly folder: string },
): RktFile {
  const top = fieldsOf(readStrictJson(bytes, { what: file, maxBytes: MAX_RKT_FILE_BYTES }))
  const kind = required(top, 'rktKind')
  const version = required(top, 'rktVersion')
  if (RKT_FOLDERS[folder]?.includes(kind) !== true) {
    const kinds = RKT_FOLDERS[folder]?.join(' or ') ?? 'nothing'
    throw top.error('rktKind', `"${quoteForeign(kind, 50)}" does not belong into ${folder}, which holds ${kinds}`)
  }
  if (version !== 'v1')
    throw top.error('rktVersion', `the version "${quoteForeign(version, 50)}" is not known: it is v1`)
  if (kind === 'auth') return { auth: byHost(top, { file, hosts: 'domains', read: domainCredentials }) }
  if (kind === 'dockerAuth') return { dockerAuth: byHost(top, { file, hosts: 'registries', read: basic }) }
  if (kind === 'paths') return { data: path(top, file, 'data'), stage1Images: path(top, file, 'stage1-images') }
  return { stage1: stage1(top, file) }
}

interface HostTable {
  readonly file: string
  readonly hosts: 'domains' | 'registries'
  readonly read: (top: Fields, host: string) => RktCredentials
}

function byHost(top: Fields, { file, hosts, read }: HostTable): ReadonlyMap<string, RktAuth> {
  const names = top.texts(hosts) ?? []
  if (names.length === 0) throw top.error(hosts, `"${hosts}" must name at least one host`)
  const found = new Map<string, RktAuth>()
  for (const name of names) {
    const host = name.toLowerCase()
    const isHost = URL.parse(`x://${host}`)?.host === host && !host.includes('@')
    if (!isHost) throw top.error(hosts, `"${quoteForeign(name, 100)}" is not HOST or HOST:PORT`)
    if (found.has(host)) throw top.error(hosts, `"${quoteForeign(name, 100)}" is there twice`)
    found.set(host, { credentials: read(top, host), origin: { file, line: top.line(hosts) } })
  }
  return found
}

function domainCredentials(top: Fields, host: string): RktCredentials {
  const type = required(top, 'type')
  if (type === 'basic') return basic(top)
  const fields = secrets(top)
  if (type === 'oauth') return { type, token: required(fields, 'token') }
  if (type !== 'aws') throw top.error('type', `"${quoteForeign(type, 50)}" is not known: it is basic, oauth or aws`)
  return {
    type,
    accessKeyId: required(fields, 'accessKeyID'),
    secretAccessKey: required(fields, 'secretAccessKey'),
    region: fields.text('awsRegion') || awsRegion(host),
  }
}

function basic(top: Fields): RktCredentials {
  const fields = secrets(top)
  return { type: 'basic', user: required(fields, 'user'), password: required(fields, 'password') }
}

function secrets(top: Fields): Fields {
  const fields = top.table('credentials')
  if (fields === undefined) throw top.error(undefined, '"credentials" must be given')
  return fields
}

function required(fields: Fields, key: string): string {
  const text = fields.text(key)
  if (text === undefined || text === '') throw fields.error(key, `"${key}" must be given`)
  return text
}

function path(top: Fields, file: string, key: string): RktPath | undefined {
  const text = top.text(key) || undefined
  if (text === undefined) return undefined
  if (!text.startsWith('/')) throw top.error(key, `"${key}" must be an absolute path`)
  return { path: text, origin: { file, line: top.line(key) } }
}

function stage1(top: Fields, file: string): RktStage1 {
  const name = top.text('name') || undefined
  const version = top.text('version') || undefined
  const location = top.text('location') || undefined
  if ((name === undefined) !== (version === undefined)) {
    throw top.error(undefined, '"name" and "version" are given together or not at all')
  }
  if (location !== undefined && !location.startsWith('/') && !/^(?:file|docker|https?):/.test(location)) {
    throw top.error('location', '"location" is an absolute path, or a URL with file, docker, http or https')
  }
  const origin: Origin = { file, line: top.line() }
  return { name, version, location, origin }
}
