import { type Digest, MAX_CONFIG_BYTES } from '@crossdock/core'
import { DOCKER_HISTORY, DOCKER_V1_IMAGE } from './config-structs.ts'
import { asPlace, optionalString } from '../fields.ts'
import { encodeConfig } from './encode-config.ts'
import { encodeStruct } from './go-struct.ts'
import { goList, goMap, goObject, goString } from '../go-text.ts'
import { compactMembers, readJsonMembers } from '../json-members.ts'
import type { Schema1Manifest } from '../schema1.ts'

/** What says where an image stood in schema 1's chain and means nothing in a configuration. */
const CHAIN = ['id', 'parent', 'parent_id', 'layer_id', 'throwaway', 'Size'] as const
/** Docker began with this version to write every field that a configuration has to have. */
const COMPLETE_SINCE = [1, 8, 3] as const

/**
 * The schema 2 configuration of a schema 1 image: the topmost layer's own, as it was written, with history and diff IDs. Fields
 * stand in alphabetical order. `diffIds` are those of the layers that have files, from the base up.
 *
 * Throws `INVALID_DATA` naming the field, and `LIMIT_EXCEEDED` beyond `MAX_CONFIG_BYTES`.
 */
export function dockerConfigOf({ layers }: Schema1Manifest, diffIds: readonly Digest[]): Uint8Array {
  const fields = compactMembers(readConfig(layers.at(-1)?.v1Compatibility ?? ''))
  for (const key of CHAIN) fields.delete(key)
  fields.set('rootfs', rootfs(diffIds))
  fields.set('history', goList(layers.map(({ history }, index) => historyEntry(history, index))))
  return encodeConfig(goMap(fields))
}

function readConfig(v1Compatibility: string): ReturnType<typeof readJsonMembers> {
  const what = 'v1Compatibility of the topmost layer'
  const options = { what, maxBytes: MAX_CONFIG_BYTES }
  const members = readJsonMembers(new TextEncoder().encode(v1Compatibility), options)
  const place = asPlace(members.value, `${what}:`)
  const complete = encodeStruct(DOCKER_V1_IMAGE, place)
  if (!lacksFields(optionalString(place, 'docker_version') ?? '')) return members
  return readJsonMembers(new TextEncoder().encode(complete), options)
}

/** Versions are compared by their numbers; a part that is no number counts as 0, as Docker has it. */
function lacksFields(version: string): boolean {
  if (version === '') return false
  const parts = version.split('.').map((part) => (/^[+-]?[0-9]+$/.test(part) ? Number(part) : 0))
  for (const [index, due] of COMPLETE_SINCE.entries()) {
    const part = parts[index] ?? 0
    if (part !== due) return part < due
  }
  return false
}

function rootfs(diffIds: readonly Digest[]): string {
  return goObject([
    ['type', goString('layers')],
    ['diff_ids', diffIds.length === 0 ? undefined : goList(diffIds.map(goString))],
  ])
}

function historyEntry(history: Schema1Manifest['layers'][number]['history'], index: number): string {
  const { created, author, createdBy, comment, emptyLayer } = history
  const object = { created, author, created_by: createdBy, comment, empty_layer: emptyLayer }
  return encodeStruct(DOCKER_HISTORY, { object, where: `history[${index}]` })
}
