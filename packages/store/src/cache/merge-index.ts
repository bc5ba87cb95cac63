import { type Descriptor, isDigest, type Platform } from '@crossdock/core'
import { formatPlatform, normalizePlatform } from '@crossdock/formats'

/** What builders say in the annotations of an entry that is about another one: of which it is (BuildKit, "attestation storage"). */
const REFERENCE_DIGEST = 'vnd.docker.reference.digest'

/**
 * The entries of an index to which some are added. What is for the platform of an added one gives its place to it; others follow in the
 * order given. Entries about what is not listed any more are left out.
 */
export function mergeIndex(existing: readonly Descriptor[], added: readonly Descriptor[]): readonly Descriptor[] {
  const groups = Map.groupBy(distinct(added), placeOf)
  const places = new Set(groups.keys())
  const taken = new Set<string>()
  const takeGroup = (place: string): readonly Descriptor[] => {
    if (taken.has(place)) return []
    taken.add(place)
    return groups.get(place) ?? []
  }
  const placeOfDigest = new Map(added.map((entry) => [entry.digest, placeOf(entry)]))
  const merged = existing.flatMap((entry) => {
    const place = placeOfDigest.get(entry.digest) ?? placeOf(entry)
    return places.has(place) ? takeGroup(place) : [entry]
  })
  return withoutDangling(distinct([...merged, ...[...places].flatMap(takeGroup)]))
}

/**
 * The entries of one index with those of another that it has nothing for. If the other has them all it stays as it is.
 */
export function appendIndex(primary: readonly Descriptor[], secondary: readonly Descriptor[]): readonly Descriptor[] {
  const known = new Set(secondary.map(({ digest }) => digest))
  if (primary.every(({ digest }) => known.has(digest))) return secondary
  const places = new Set(primary.map(placeOf))
  return withoutDangling(distinct([...primary, ...secondary.filter((entry) => !places.has(placeOf(entry)))]))
}

/** The entries but for those about one that is not among them. */
export function withoutDangling(entries: readonly Descriptor[]): readonly Descriptor[] {
  const listed = new Set<string>(entries.map(({ digest }) => digest))
  return entries.filter((entry) => {
    const about = aboutDigest(entry)
    return about === undefined || listed.has(about)
  })
}

/** What the entry says something about; undefined for an image. */
export function aboutDigest({ annotations }: Descriptor): string | undefined {
  const about = annotations?.[REFERENCE_DIGEST]
  return isDigest(about) ? about : undefined
}

/** Whether it is an image for a platform that is named. */
export function namesPlatform(entry: Descriptor): entry is Descriptor & { readonly platform: Platform } {
  const { platform } = entry
  if (platform === undefined || aboutDigest(entry) !== undefined) return false
  return ![platform.os, platform.architecture].some((part) => part === '' || part === 'unknown')
}

/** Entries with one place exclude each other. */
function placeOf(entry: Descriptor): string {
  return namesPlatform(entry) ? formatPlatform(normalizePlatform(entry.platform)) : entry.digest
}

/** Each digest once, where it stands first. */
function distinct(entries: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(entries.map((entry) => [entry.digest, entry])).values()]
}
