import { describe, expect, it } from 'vitest'
import { type DockerReference, parseDockerReference } from '@crossdock/core'
import { identityProblem, type SignedIdentity } from '../../src/index.ts'
import { rowsOf } from '../policy/tables.ts'

function parsed(text: string): DockerReference | undefined {
  try {
    return parseDockerReference(text)
  } catch {
    return undefined
  }
}

const matches = (identity: SignedIdentity, image: string, signed: string): boolean =>
  identityProblem(identity, { image: parsed(image), signed }) === undefined

type Pair = { readonly refA: string; readonly refB: string; readonly result: boolean }
type Match = { readonly imageRef: string; readonly sigRef: string; readonly result: boolean }
type Remap = Match & { readonly prefix: string; readonly signedPrefix: string }
const file = 'policy_reference_match_test'
const [exact = []] = rowsOf<Pair>(file, 'prmExactMatchTestTable')
const [repository = []] = rowsOf<Pair>(file, 'prmRepositoryMatchTestTable')
const [repoDigestOrExact = []] = rowsOf<Match>(file, 'matchRepoDigestOrExactTestTable')
const [remap = []] = rowsOf<Remap>(file, 'TestPRMRemapIdentityMatchesDockerReference')

describe('matchExact', () => {
  it.each(exact)('$refA as $refB: $result', ({ refA, refB, result }) => {
    expect(matches({ type: 'matchExact' }, refA, refB)).toBe(result)
    expect(matches({ type: 'matchExact' }, refB, refA)).toBe(result)
  })
})

describe('matchRepository', () => {
  it.each(repository)('$refA as $refB: $result', ({ refA, refB, result }) => {
    expect(matches({ type: 'matchRepository' }, refA, refB)).toBe(result)
    expect(matches({ type: 'matchRepository' }, refB, refA)).toBe(result)
  })
})

describe('matchRepoDigestOrExact', () => {
  it.each(repoDigestOrExact)('$imageRef as $sigRef: $result', ({ imageRef, sigRef, result }) => {
    expect(matches({ type: 'matchRepoDigestOrExact' }, imageRef, sigRef)).toBe(result)
  })
  it.each(exact.filter(({ refA, result }) => result && !refA.includes('@')))('$refA as itself', ({ refA, refB }) => {
    expect(matches({ type: 'matchRepoDigestOrExact' }, refA, refB)).toBe(true)
  })
})

describe('exactReference and exactRepository', () => {
  // A policy with what is no name is not read at all.
  it.each(exact.filter(({ refA }) => parsed(refA) !== undefined))(
    '$refA for a signature of $refB: $result',
    ({ refA, refB, result }) => {
      const identity: SignedIdentity = { type: 'exactReference', dockerReference: parseDockerReference(refA) }
      expect(matches(identity, '', refB)).toBe(result)
    },
  )
  it.each(repository.filter(({ refA }) => parsed(refA) !== undefined))(
    'the repository $refA for a signature of $refB: $result',
    ({ refA, refB, result }) => {
      const identity: SignedIdentity = { type: 'exactRepository', dockerRepository: parseDockerReference(refA) }
      expect(matches(identity, '', refB)).toBe(result)
    },
  )
  it('do not ask what the image is called', () => {
    const identity: SignedIdentity = {
      type: 'exactReference',
      dockerReference: parseDockerReference('example.com/a:1'),
    }
    expect(matches(identity, 'example.com/b:2', 'example.com/a:1')).toBe(true)
    expect(matches(identity, 'example.com/a:1', 'example.com/b:2')).toBe(false)
  })
})

describe('remapIdentity', () => {
  it.each(remap)(
    '$imageRef as $sigRef, $signedPrefix for $prefix: $result',
    ({ imageRef, sigRef, result, ...prefixes }) => {
      expect(matches({ type: 'remapIdentity', ...prefixes }, imageRef, sigRef)).toBe(result)
    },
  )
})

describe('what people are told', () => {
  const tagged = parseDockerReference('docker.io/library/a:2')
  it.each<[SignedIdentity, DockerReference | undefined, string | undefined, string]>([
    [
      { type: 'matchExact' },
      tagged,
      'a:1',
      'vouches for docker.io/library/a:1, but the image is docker.io/library/a:2',
    ],
    [
      { type: 'matchRepository' },
      tagged,
      'b:1',
      'vouches for docker.io/library/b:1, but the image is of the repository docker.io/library/a',
    ],
    [{ type: 'matchExact' }, tagged, 'A B', 'vouches for "A B", which is no image name'],
    [{ type: 'matchExact' }, undefined, 'a:1', 'the place of the image gives it no such name'],
    [{ type: 'matchExact' }, tagged, undefined, 'names no image, only a digest'],
    [
      { type: 'matchRepoDigestOrExact' },
      parseDockerReference(`a:2@sha256:${'a'.repeat(64)}`),
      'a:2',
      'a name with tag and digest needs a signature for both: name it by one of them',
    ],
  ])('%j', (identity, image, signed, text) => {
    expect(identityProblem(identity, { image, signed })).toContain(text)
  })

  it('nothing of a name that a terminal would obey', () => {
    expect(identityProblem({ type: 'matchExact' }, { image: tagged, signed: 'a\u001b[31m' })).not.toContain('\u001b')
  })
})

describe('matchDigest', () => {
  it('asks for no name', () => {
    for (const signed of [undefined, 'a:1', 'A B']) {
      expect(identityProblem({ type: 'matchDigest' }, { image: undefined, signed })).toBeUndefined()
    }
  })
})
