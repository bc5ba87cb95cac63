import { type DockerReference, ImageError, parseDockerReference, quoteForeign } from '@crossdock/core'
import { checkedObject, objectMembers, type PolicyValue } from './checked-object.ts'
import { nameScopeProblem } from './name-scope.ts'
import type { SignedIdentity } from './policy.ts'

const PARSERS: Readonly<Record<SignedIdentity['type'], (place: PolicyValue) => SignedIdentity>> = {
  matchDigest: parseBare('matchDigest'),
  matchExact: parseBare('matchExact'),
  matchRepoDigestOrExact: parseBare('matchRepoDigestOrExact'),
  matchRepository: parseBare('matchRepository'),
  exactReference: (place) => {
    const { value, at } = reference(place, 'dockerReference')
    if (value.tag === undefined && value.digest === undefined) {
      throw at.document.error(
        at.path,
        'it has neither tag nor digest; for every image of a repository use exactRepository',
      )
    }
    return { type: 'exactReference', dockerReference: value }
  },
  exactRepository: (place) => ({
    type: 'exactRepository',
    dockerRepository: reference(place, 'dockerRepository').value,
  }),
  remapIdentity: (place) => {
    const object = checkedObject(place, ['type', 'prefix', 'signedPrefix'])
    const prefix = (key: string): string => {
      const text = object.requiredText(key)
      const problem = nameScopeProblem(text)
      if (problem === undefined) return text
      const { document, path } = object.required(key)
      throw document.error(path, problem)
    }
    return { type: 'remapIdentity', prefix: prefix('prefix'), signedPrefix: prefix('signedPrefix') }
  },
}

/** A `signedIdentity`; without one, `matchRepoDigestOrExact` (containers-policy.json(5)). Throws `INVALID_DATA`. */
export function parseIdentity(place: PolicyValue | undefined): SignedIdentity {
  if (place === undefined) return { type: 'matchRepoDigestOrExact' }
  const type = objectMembers(place).get('type')
  if (type === undefined) throw place.document.error(place.path, '"type" is missing')
  const { value } = type
  if (typeof value !== 'string' || !isIdentityType(value)) {
    const shown = typeof value === 'string' ? ` "${quoteForeign(value, 60)}"` : ''
    throw type.document.error(
      type.path,
      `the type of identity${shown} is not known; known are ${Object.keys(PARSERS).join(', ')}`,
    )
  }
  return PARSERS[value](place)
}

function isIdentityType(text: string): text is SignedIdentity['type'] {
  return Object.hasOwn(PARSERS, text)
}

function parseBare<Type extends 'matchDigest' | 'matchExact' | 'matchRepoDigestOrExact' | 'matchRepository'>(
  type: Type,
): (place: PolicyValue) => { readonly type: Type } {
  return (place) => {
    checkedObject(place, ['type'])
    return { type }
  }
}

function reference(place: PolicyValue, key: string): { readonly value: DockerReference; readonly at: PolicyValue } {
  const object = checkedObject(place, ['type', key])
  const text = object.requiredText(key)
  const at = object.required(key)
  try {
    return { value: parseDockerReference(text), at }
  } catch (reason) {
    if (!(reason instanceof ImageError)) throw reason
    throw at.document.error(at.path, reason.message)
  }
}
