import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ImageError, quoteForeign } from '@crossdock/core'
import { readConfigFile } from '../documents/bounded-file.ts'
import type { HostEnvironment } from '../host/host-environment.ts'
import { builtInPath } from '../host/host-paths.ts'
import { MAX_RKT_FILE_BYTES, parseRktFile, RKT_FOLDERS, type RktFile } from './parse.ts'
import type { RktConfig } from './rkt-config.ts'

export interface LoadRktConfigOptions {
  /** The folders to read; of two that say the same the later decides. Default: `/usr/lib/rkt`, `/etc/rkt`. */
  readonly folders?: readonly string[] | undefined
  /** A folder of the user, which decides before all others. Default: none. */
  readonly userFolder?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** More in one folder is no configuration. */
const MAX_FILES = 1000

/**
 * Reads rkt's configuration: `auth.d`, `paths.d` and `stage1.d` of each folder, and in them the regular `*.json` files. Throws `INVALID_DATA`,
 * `FILE:LINE:COLUMN: reason`, for a file that is wrong and for what a folder says twice; `IO`; `LIMIT_EXCEEDED`.
 */
export async function loadRktConfig(host: HostEnvironment, options: LoadRktConfigOptions = {}): Promise<RktConfig> {
  const { userFolder, signal } = options
  const system = options.folders ?? [builtInPath(host, '/usr/lib/rkt'), builtInPath(host, '/etc/rkt')]
  let config: RktConfig = {
    auth: new Map(),
    dockerAuth: new Map(),
    data: undefined,
    stage1Images: undefined,
    stage1: undefined,
  }
  for (const folder of userFolder === undefined ? system : [...system, userFolder]) {
    const found = await readFolder(folder, signal)
    config = {
      auth: new Map([...config.auth, ...(found.auth ?? [])]),
      dockerAuth: new Map([...config.dockerAuth, ...(found.dockerAuth ?? [])]),
      data: found.data ?? config.data,
      stage1Images: found.stage1Images ?? config.stage1Images,
      stage1: found.stage1 ?? config.stage1,
    }
  }
  return config
}

async function readFolder(folder: string, signal: AbortSignal | undefined): Promise<RktFile> {
  let merged: RktFile = {}
  for (const name of Object.keys(RKT_FOLDERS)) {
    for (const path of await listFiles(join(folder, name))) {
      const bytes = await readConfigFile(path, { limitBytes: MAX_RKT_FILE_BYTES, signal })
      if (bytes !== undefined) merged = mergeWithin(merged, parseRktFile(bytes, { file: path, folder: name }), path)
    }
  }
  return merged
}

async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'ENOENT') return []
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `${quoteForeign(folder)} cannot be read: ${quoteForeign(reason, 200)}`
    throw new ImageError('IO', message, { cause })
  })
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
  if (files.length > MAX_FILES) {
    throw new ImageError('LIMIT_EXCEEDED', `${quoteForeign(folder)} has more than ${MAX_FILES} *.json files`)
  }
  return files.map(({ name }) => join(folder, name)).toSorted()
}

/** Files of one folder: what two of them say is a mistake, for none decides before the other. */
function mergeWithin(one: RktFile, other: RktFile, path: string): RktFile {
  const twice = (what: string): ImageError =>
    new ImageError('INVALID_DATA', `${quoteForeign(path)}:1: ${what} is in another file of this folder, too`)
  for (const key of ['auth', 'dockerAuth'] as const) {
    const host = [...(other[key]?.keys() ?? [])].find((name) => one[key]?.has(name) === true)
    if (host !== undefined) throw twice(`"${quoteForeign(host, 100)}"`)
  }
  for (const key of ['data', 'stage1Images', 'stage1'] as const) {
    if (one[key] !== undefined && other[key] !== undefined) throw twice(`"${key}"`)
  }
  return {
    auth: new Map([...(one.auth ?? []), ...(other.auth ?? [])]),
    dockerAuth: new Map([...(one.dockerAuth ?? []), ...(other.dockerAuth ?? [])]),
    data: one.data ?? other.data,
    stage1Images: one.stage1Images ?? other.stage1Images,
    stage1: one.stage1 ?? other.stage1,
  }
}
