import { type Digest, isDigest } from '@crossdock/core'
import { isAttachmentTag } from '@crossdock/formats'

/**
 * As much of a digest as is in the names of what is attached to it (distribution-spec, "Referrers Tag Schema"): all of a sha256, of a sha512
 * the beginning.
 */
export type SubjectKey = string

const ENCODED_CHARACTERS = 64
const REFERRERS_TAG = /^(sha256|sha512)-([0-9a-f]{64})$/

export function subjectKey(digest: Digest): SubjectKey {
  return digest.slice(0, digest.indexOf(':') + 1 + ENCODED_CHARACTERS)
}

/** To what an image with this name is attached, by the form of the name; undefined for other names. */
export function subjectOfName(name: string): SubjectKey | undefined {
  const tag = isAttachmentTag(name) ? name.slice(0, name.lastIndexOf('.')) : name
  const [, algorithm, encoded] = REFERRERS_TAG.exec(tag) ?? []
  return algorithm === undefined || encoded === undefined ? undefined : `${algorithm}:${encoded}`
}

/** Those of the digests that the keys may mean: quick where each is a whole digest. */
export function digestsOfKeys(keys: ReadonlyMap<SubjectKey, unknown>, digests: Iterable<Digest>): readonly Digest[] {
  const whole = [...keys.keys()].filter((key) => isDigest(key))
  return whole.length === keys.size ? whole : [...digests].filter((digest) => keys.has(subjectKey(digest)))
}

/** Finds out which subjects are here without being needed, so that what is attached to them is to go with them. */
export interface SubjectSearch {
  /** There is this digest, as a blob, as a record, or in a list. `at` tells since when, in milliseconds since 1970. */
  note(digest: Digest, at: () => number): void
  /** Those that were found, and are not young. */
  released(): ReadonlySet<SubjectKey>
}

export function searchSubjects(wanted: ReadonlySet<SubjectKey>, youngSince: number): SubjectSearch {
  const found = new Set<SubjectKey>()
  const young = new Set<SubjectKey>()
  return {
    note(digest, at) {
      if (wanted.size === 0) return
      const key = subjectKey(digest)
      if (wanted.has(key)) (at() > youngSince ? young : found).add(key)
    },
    released: () => without(found, young),
  }
}

export function without<Value>(all: ReadonlySet<Value>, others: ReadonlySet<Value>): ReadonlySet<Value> {
  return new Set([...all].filter((value) => !others.has(value)))
}
