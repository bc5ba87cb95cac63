import { type Digest, MAX_CONFIG_BYTES } from '@crossdock/core'
import { checkDigest } from './descriptor.ts'
import {
  asPlace,
  checkString,
  fieldPath,
  invalid,
  NO_STRINGS,
  optionalBoolean,
  optionalList,
  optionalObject,
  optionalString,
  optionalStrings,
  type Place,
} from './fields.ts'
import { parseJsonDocument } from './json.ts'

/** The configuration of an image (image-spec, config.md; Docker's has the same fields and more). */
export interface ImageConfig {
  /** Empty if the document does not say, as in images without files. */
  readonly architecture: string
  /** Empty if the document does not say. */
  readonly os: string
  readonly variant?: string | undefined
  readonly 'os.version'?: string | undefined
  readonly 'os.features'?: readonly string[] | undefined
  /** As written: RFC 3339 in general. */
  readonly created?: string | undefined
  readonly author?: string | undefined
  /** Docker's own fields, which OCI does not have. */
  readonly comment?: string | undefined
  readonly dockerVersion?: string | undefined
  readonly config: RunConfig
  readonly rootfs: {
    /** Digests of the uncompressed layers, from the base up. */
    readonly diffIds: readonly Digest[]
  }
  readonly history: readonly HistoryEntry[]
}

/** How a container starts; the names are those of the document. */
export interface RunConfig {
  readonly User?: string | undefined
  /** Keys like `8080/tcp`. */
  readonly ExposedPorts: readonly string[]
  /** `NAME=value` each. */
  readonly Env: readonly string[]
  readonly Entrypoint?: readonly string[] | undefined
  readonly Cmd?: readonly string[] | undefined
  /** Paths. */
  readonly Volumes: readonly string[]
  readonly WorkingDir?: string | undefined
  /** Without a prototype. */
  readonly Labels: Readonly<Record<string, string>>
  readonly StopSignal?: string | undefined
}

/** One step of how the image was made. */
export interface HistoryEntry {
  readonly created?: string | undefined
  readonly author?: string | undefined
  readonly createdBy?: string | undefined
  readonly comment?: string | undefined
  /** True for a step that made no layer. */
  readonly emptyLayer: boolean
}

/**
 * Reads an image configuration. Unknown fields are passed over and null counts as nothing, both being common; a known field
 * of the wrong type is refused by name. Throws `INVALID_DATA`, and `LIMIT_EXCEEDED` beyond `MAX_CONFIG_BYTES`.
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const what = 'image config'
  const place = asPlace(parseJsonDocument(bytes, { what, maxBytes: MAX_CONFIG_BYTES }), `${what}:`)
  const features = optionalList(place, 'os.features', checkString)
  const dockerVersion = optionalString(place, 'docker_version')
  return {
    architecture: optionalString(place, 'architecture') ?? '',
    os: optionalString(place, 'os') ?? '',
    ...strings(place, ['variant', 'os.version', 'created', 'author', 'comment']),
    ...(dockerVersion !== undefined && { dockerVersion }),
    ...(features !== undefined && { 'os.features': features }),
    config: readRunConfig(optionalObject(place, 'config')),
    rootfs: { diffIds: readDiffIds(optionalObject(place, 'rootfs')) },
    history: optionalList(place, 'history', readHistoryEntry) ?? [],
  }
}

function readRunConfig(place: Place | undefined): RunConfig {
  if (place === undefined) return { ExposedPorts: [], Env: [], Volumes: [], Labels: NO_STRINGS }
  const entrypoint = optionalList(place, 'Entrypoint', checkString)
  const cmd = optionalList(place, 'Cmd', checkString)
  return {
    ...strings(place, ['User', 'WorkingDir', 'StopSignal']),
    ExposedPorts: readSet(place, 'ExposedPorts'),
    Env: optionalList(place, 'Env', checkString) ?? [],
    ...(entrypoint !== undefined && { Entrypoint: entrypoint }),
    ...(cmd !== undefined && { Cmd: cmd }),
    Volumes: readSet(place, 'Volumes'),
    Labels: optionalStrings(place, 'Labels') ?? NO_STRINGS,
  }
}

function readDiffIds(place: Place | undefined): readonly Digest[] {
  if (place === undefined) return []
  const type = optionalString(place, 'type') ?? ''
  // image-spec, config.md, "rootfs": an unknown value is an error.
  if (type !== '' && type !== 'layers') throw invalid(fieldPath(place.where, 'type'), 'must be "layers"')
  return optionalList(place, 'diff_ids', checkDigest) ?? []
}

function readHistoryEntry(value: unknown, where: string): HistoryEntry {
  const place = asPlace(value, where)
  const createdBy = optionalString(place, 'created_by')
  return {
    ...strings(place, ['created', 'author', 'comment']),
    ...(createdBy !== undefined && { createdBy }),
    emptyLayer: optionalBoolean(place, 'empty_layer') ?? false,
  }
}

/** A set is written as an object whose values mean nothing. */
function readSet(place: Place, key: string): readonly string[] {
  return Object.keys(optionalObject(place, key)?.object ?? {})
}

/** The members that are there. */
function strings<Key extends string>(place: Place, keys: readonly Key[]): { readonly [Name in Key]?: string } {
  const found: { [Name in Key]?: string } = {}
  for (const key of keys) {
    const value = optionalString(place, key)
    if (value !== undefined) found[key] = value
  }
  return found
}
