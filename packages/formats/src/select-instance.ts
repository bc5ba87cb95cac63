import { type Descriptor, ImageError, type Platform, quoteForeign } from '@crossdock/core'
import { childrenOf, type ImageIndex } from './manifest.ts'
import { isIndexType, isManifestType, isSchema1Type } from './media-types.ts'
import { canonicalPlatform, formatPlatform } from './platform.ts'
import { isUnknownPlatform, namesOnePlatform, type PlatformPattern, platformMatches } from './platform-pattern.ts'
import { runnableVariants } from './platform-variants.ts'

export interface SelectInstanceOptions {
  /** Of two instances that differ in compression alone: which one. Default: zstd, which decompresses faster. */
  readonly prefer?: 'zstd' | 'gzip' | undefined
}

const ZSTD = 'io.github.containers.compression.zstd'
const REFERENCE_TYPE = 'vnd.docker.reference.type'
const REFERENCE_DIGEST = 'vnd.docker.reference.digest'
const MAX_SHOWN = 40

/**
 * The instance to run on `platform`: of its variant or the nearest lower one that runs there, else of none. OS version and
 * features are not looked at. Among equals the preferred compression decides, then the place in the index. An entry without
 * platform, an index in the index for example, is taken only if nothing else fits; attestations and artifacts never are.
 *
 * Throws `NOT_FOUND` naming what was wanted and what there is.
 */
export function selectInstance(
  index: Pick<ImageIndex, 'manifests'>,
  platform: Platform,
  { prefer = 'zstd' }: SelectInstanceOptions = {},
): Descriptor {
  const found = bestInstance(index, platform, prefer)
  if (found !== undefined) return found
  throw notFound(index, formatPlatform(platform))
}

/**
 * The instances that match any of the patterns, each once, in the index's order, with what the index has about them,
 * attestations for one. A pattern that names one platform and finds none equal to it gets what `selectInstance` would
 * choose; `*` alone (or `*\/*`) takes entries without platform too.
 *
 * Throws `NOT_FOUND` for a pattern that matches nothing, naming it and what there is.
 */
export function selectInstances(index: ImageIndex, patterns: readonly PlatformPattern[]): readonly Descriptor[] {
  const kept = new Set<string>()
  for (const pattern of patterns) {
    const matching = matchPattern(index, pattern)
    if (matching.length === 0) throw notFound(index, pattern.text)
    for (const { digest } of matching) kept.add(digest)
  }
  return childrenOf(index).filter((entry) => kept.has(entry.digest) || isAbout(entry, kept))
}

/** True for an entry that says something about another one of the same index: a builder's attestation. */
export function isAttestation(entry: Descriptor): boolean {
  return entry.annotations?.[REFERENCE_TYPE] === 'attestation-manifest'
}

/** Attestations are one kind; others are marked in the same way and would dangle as much without the other. */
function isAbout(entry: Descriptor, kept: ReadonlySet<string>): boolean {
  return entry.annotations?.[REFERENCE_TYPE] !== undefined && kept.has(entry.annotations[REFERENCE_DIGEST] ?? '')
}

function matchPattern(index: ImageIndex, pattern: PlatformPattern): readonly Descriptor[] {
  const everything = pattern.os === '*' && pattern.architecture === '*'
  const matching = index.manifests.filter((entry) => {
    if (isAttestation(entry)) return false
    const platform = platformOf(entry)
    return platform === undefined ? everything : platformMatches(pattern, platform)
  })
  if (matching.length > 0 || !namesOnePlatform(pattern)) return matching
  const nearest = bestInstance(index, pattern, 'zstd')
  return nearest === undefined ? [] : [nearest]
}

function bestInstance(
  index: Pick<ImageIndex, 'manifests'>,
  platform: Platform,
  prefer: 'zstd' | 'gzip',
): Descriptor | undefined {
  const wanted = canonicalPlatform(platform)
  const variants = runnableVariants(wanted)
  let best: { readonly entry: Descriptor; readonly rank: number } | undefined
  for (const entry of index.manifests) {
    const fit = fitOf(entry, wanted, variants)
    if (fit === undefined) continue
    const rank = fit * 2 + (isZstd(entry) === (prefer === 'zstd') ? 0 : 1)
    if (best === undefined || rank < best.rank) best = { entry, rank }
  }
  return best?.entry
}

/** 0 for the best variant, counting up; undefined if the entry does not run there or is no image. */
function fitOf(entry: Descriptor, wanted: Platform, variants: readonly string[]): number | undefined {
  const { mediaType } = entry
  if (isAttestation(entry) || !(isManifestType(mediaType) || isIndexType(mediaType) || isSchema1Type(mediaType)))
    return undefined
  const platform = platformOf(entry)
  if (platform === undefined) return entry.artifactType === undefined ? variants.length : undefined
  const actual = canonicalPlatform(platform)
  if (isUnknownPlatform(actual) || actual.os !== wanted.os || actual.architecture !== wanted.architecture)
    return undefined
  const position = variants.indexOf(actual.variant ?? '')
  return position < 0 ? undefined : position
}

/** Some writers put an empty platform for none. */
function platformOf({ platform }: Descriptor): Platform | undefined {
  return platform === undefined || (platform.os === '' && platform.architecture === '') ? undefined : platform
}

function isZstd(entry: Descriptor): boolean {
  return entry.annotations?.[ZSTD] === 'true'
}

function notFound(index: Pick<ImageIndex, 'manifests'>, wanted: string): ImageError {
  const platforms = index.manifests.flatMap((entry) => {
    const platform = platformOf(entry)
    return platform === undefined || isUnknownPlatform(platform) ? [] : [formatPlatform(platform)]
  })
  const distinct = [...new Set(platforms)]
  const shown = distinct.slice(0, MAX_SHOWN).join(', ')
  const more = distinct.length > MAX_SHOWN ? ` and ${distinct.length - MAX_SHOWN} more` : ''
  const available =
    distinct.length === 0
      ? 'none of its entries names a platform: take one by digest, or all of them'
      : `available: ${quoteForeign(shown, 2000)}${more}`
  return new ImageError('NOT_FOUND', `the index has no image for ${quoteForeign(wanted, 100)}; ${available}`)
}
