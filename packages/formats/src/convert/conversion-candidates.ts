import { ImageError, quoteForeign } from '@crossdock/core'
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_SIGNED,
  isIndexType,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../media-types.ts'

export interface ConversionCandidatesOptions {
  /** The media types that the destination takes, best first. Default, and if empty: every one. */
  readonly accepted?: readonly string[] | undefined
  /** The one type that the user asked for, whatever the destination says; of an image even for an index. */
  readonly forced?: string | undefined
  /** False if the digest must stay, as with signatures. Default: true. */
  readonly mayChange?: boolean | undefined
  /** Whether layers will be in zstd or encrypted, which OCI manifests alone can say. Default: false. */
  readonly ociOnly?: boolean | undefined
}

const IMAGES = [OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_SCHEMA1_SIGNED, DOCKER_SCHEMA1] as const
const INDEXES = [DOCKER_MANIFEST_LIST, OCI_INDEX] as const
/** What is tried before the rest where the own type is taken as well: schema 2 need not change with its place. */
const PREFERRED = [DOCKER_MANIFEST, DOCKER_SCHEMA1_SIGNED] as const
/** The same where a signature alone is missing: with one the digest stays. */
const PREFERRED_TO_UNSIGNED = [DOCKER_SCHEMA1_SIGNED, DOCKER_MANIFEST] as const
const INDEX_OF: ReadonlyMap<string, string> = new Map([
  [OCI_MANIFEST, OCI_INDEX],
  [DOCKER_MANIFEST, DOCKER_MANIFEST_LIST],
  [DOCKER_SCHEMA1, DOCKER_MANIFEST_LIST],
  [DOCKER_SCHEMA1_SIGNED, DOCKER_MANIFEST_LIST],
])

/**
 * The media types under which a manifest or index of type `source` is to be offered, in the order in which containers/image tries
 * them: its own type if that is taken, then for an image Docker schema 2 and signed schema 1, then what else is taken. The next
 * one is for the case that the destination refuses the one before it. What has to change anyway, since the destination names what it
 * takes and the own type is not among it, becomes what that likes best.
 *
 * Throws `UNSUPPORTED` if nothing that is taken can hold the image.
 */
export function conversionCandidates(source: string, options: ConversionCandidatesOptions = {}): readonly string[] {
  const { mayChange = true, accepted = [] } = options
  const able = isIndexType(source) ? ableIndexTypes(options) : ableImageTypes(options)
  if (!mayChange) return [source]
  return [...new Set([source, ...preferredTo(source, accepted), ...able])].filter((type) => able.includes(type))
}

function preferredTo(source: string, accepted: readonly string[]): readonly string[] {
  if (accepted.length > 0 && !accepted.includes(source)) return []
  return source === DOCKER_SCHEMA1 ? PREFERRED_TO_UNSIGNED : PREFERRED
}

function ableIndexTypes({ accepted = [], forced }: ConversionCandidatesOptions): readonly string[] {
  const taken = forced === undefined ? accepted : [INDEX_OF.get(forced) ?? forced]
  const able = (taken.length === 0 ? INDEXES : taken).filter(isIndexType)
  if (able.length === 0) throw nothingTaken(taken, 'an index can be none of them')
  return able
}

function ableImageTypes({ accepted = [], forced, ociOnly = false }: ConversionCandidatesOptions): readonly string[] {
  const taken = forced === undefined ? accepted : [forced]
  const able = (taken.length === 0 ? IMAGES : taken).filter((type) => !isIndexType(type))
  if (able.length === 0) throw nothingTaken(taken, 'an image can be none of them')
  const fitting = able.filter((type) => !ociOnly || type === OCI_MANIFEST)
  if (fitting.length === 0) throw nothingTaken(taken, 'zstd and encrypted layers need an OCI manifest')
  return fitting
}

function nothingTaken(taken: readonly string[], reason: string): ImageError {
  const shown = quoteForeign(taken.join(', '), 500)
  return new ImageError('UNSUPPORTED', `of the manifest types that are taken, ${shown}, none will do: ${reason}`)
}
