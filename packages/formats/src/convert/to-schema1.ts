import {
  type Descriptor,
  type Digest,
  digestEncoded,
  digestOf,
  ImageError,
  MAX_CONFIG_BYTES,
  parseDigest,
} from '@crossdock/core'
import { DOCKER_IMAGE, DOCKER_V1_STEP } from './config-structs.ts'
import { asPlace } from '../fields.ts'
import { encodeStruct } from './go-struct.ts'
import { goMap, goString } from '../go-text.ts'
import { type HistoryEntry, parseImageConfig } from '../image-config.ts'
import { compactMembers, type JsonMembers, readJsonMembers } from '../json-members.ts'

/**
 * The layer that schema 1 names for a step without files: 1024 zero bytes, an empty tar, in gzip. Docker has always used
 * these very bytes (distribution, "schema 1 config builder").
 */
export const EMPTY_LAYER: Uint8Array = Uint8Array.from([
  31, 139, 8, 0, 0, 9, 110, 136, 0, 255, 98, 24, 5, 163, 96, 20, 140, 88, 0, 8, 0, 0, 255, 255, 46, 175, 181, 239, 0, 4,
  0, 0,
])
/** Of {@link EMPTY_LAYER}. */
export const EMPTY_LAYER_DIGEST: Digest = parseDigest(
  'sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4',
)

/** A step of an image, as schema 1 will have it. */
export interface Schema1Step {
  readonly digest: Digest
  readonly v1Compatibility: string
  /** The layer's place among the image's layers; undefined for a step without files. */
  readonly layer: number | undefined
}

export interface Schema1Steps {
  readonly architecture: string
  /** From the base up. */
  readonly steps: readonly Schema1Step[]
}

/**
 * The steps of an image in schema 1, made from its schema 2 configuration: each has an ID computed from its layer and its parent
 * (distribution, "schema 1 config builder"), the topmost one the configuration itself.
 *
 * Throws `UNSUPPORTED` if the history is missing or has another number of layers than the image, `INVALID_DATA` and
 * `LIMIT_EXCEEDED`.
 */
export function schema1StepsOf(config: Uint8Array, layers: readonly Pick<Descriptor, 'digest'>[]): Schema1Steps {
  const what = 'image config'
  const { history, architecture } = parseImageConfig(config)
  const members = readJsonMembers(config, { what, maxBytes: MAX_CONFIG_BYTES })
  // What is written by its name alone has to be what readers expect.
  encodeStruct(DOCKER_IMAGE, asPlace(members.value, `${what}:`))
  checkHistory(history, layers.length)
  const steps: Schema1Step[] = []
  let next = 0
  let parent = ''
  for (const [index, entry] of history.entries()) {
    const layer = entry.emptyLayer ? undefined : next++
    const digest = layer === undefined ? EMPTY_LAYER_DIGEST : (layers[layer]?.digest ?? EMPTY_LAYER_DIGEST)
    const isTop = index === history.length - 1
    const id = idOf(isTop ? [digestEncoded(digest), parent, config] : [digestEncoded(digest), parent])
    const chain = { id, parent, throwaway: entry.emptyLayer }
    const v1Compatibility = isTop
      ? topStep(members, chain)
      : lowerStep(entry, { ...chain, where: `${what}: history[${index}]` })
    steps.push({ digest, v1Compatibility, layer })
    parent = id
  }
  return { architecture, steps }
}

function checkHistory(history: readonly HistoryEntry[], layers: number): void {
  if (history.length === 0) {
    throw new ImageError('UNSUPPORTED', 'an image without history cannot be written as Docker schema 1')
  }
  const withFiles = history.filter(({ emptyLayer }) => !emptyLayer).length
  if (withFiles !== layers) {
    throw new ImageError(
      'UNSUPPORTED',
      `the image has ${layers} layers, but its history tells of ${withFiles}: it cannot be written as Docker schema 1`,
    )
  }
}

interface Chain {
  readonly id: string
  readonly parent: string
  readonly throwaway: boolean
}

function idOf(parts: readonly (string | Uint8Array)[]): string {
  const encoded = parts.map((part) => (typeof part === 'string' ? new TextEncoder().encode(part) : part))
  const bytes = new Uint8Array(encoded.reduce((total, part) => total + part.length + 1, 0) - 1).fill(0x20)
  let offset = 0
  for (const part of encoded) {
    bytes.set(part, offset)
    offset += part.length + 1
  }
  return digestEncoded(digestOf(bytes))
}

function lowerStep(entry: HistoryEntry, { id, parent, throwaway, where }: Chain & { readonly where: string }): string {
  const { created, author, createdBy = '', comment } = entry
  const object = { id, parent, comment, created, container_config: { Cmd: [createdBy] }, author, throwaway }
  return encodeStruct(DOCKER_V1_STEP, { object, where })
}

function topStep(config: JsonMembers, { id, parent, throwaway }: Chain): string {
  const fields = compactMembers(config)
  fields.delete('rootfs')
  fields.delete('history')
  fields.set('id', goString(id))
  if (parent !== '') fields.set('parent', goString(parent))
  if (throwaway) fields.set('throwaway', 'true')
  return goMap(fields)
}
