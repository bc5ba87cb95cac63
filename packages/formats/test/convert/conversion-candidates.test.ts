import { expect, test } from 'vitest'
import {
  conversionCandidates,
  type ConversionCandidatesOptions,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_SIGNED,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/index.ts'
import rows from '../fixtures/conversion-plans.json' with { type: 'json' }

interface Row extends ConversionCandidatesOptions {
  readonly name: string
  readonly source: string
  readonly candidates: readonly string[]
}

const POSSIBLE: readonly Row[] = rows.filter(({ candidates }) => candidates.length > 0)
const IMPOSSIBLE: readonly Row[] = rows.filter(({ candidates }) => candidates.length === 0)

test.each(POSSIBLE)('as containers/image: $name', ({ source, candidates, ...options }) => {
  expect(conversionCandidates(source, options)).toEqual(candidates)
})

test.each(IMPOSSIBLE)('impossible: $name', ({ source, ...options }) => {
  expect(() => conversionCandidates(source, options)).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining('need an OCI manifest') }),
  )
})

test('a type that was asked for is the only one, for an index that of its kind', () => {
  expect(conversionCandidates(OCI_MANIFEST, { forced: DOCKER_MANIFEST, accepted: [OCI_MANIFEST] })).toEqual([
    DOCKER_MANIFEST,
  ])
  for (const forced of [DOCKER_MANIFEST, DOCKER_SCHEMA1, DOCKER_MANIFEST_LIST]) {
    expect(conversionCandidates(OCI_INDEX, { forced })).toEqual([DOCKER_MANIFEST_LIST])
  }
  expect(conversionCandidates(DOCKER_MANIFEST_LIST, { forced: OCI_MANIFEST })).toEqual([OCI_INDEX])
})

test('what has to change becomes what the destination likes best', () => {
  const accepted = [OCI_MANIFEST, DOCKER_MANIFEST]
  expect(conversionCandidates(DOCKER_SCHEMA1, { accepted })).toEqual(accepted)
  expect(conversionCandidates(DOCKER_SCHEMA1, { accepted: accepted.toReversed() })).toEqual(accepted.toReversed())
})

test('what lacks a signature alone gets one before it becomes something else', () => {
  expect(conversionCandidates(DOCKER_SCHEMA1)).toEqual([
    DOCKER_SCHEMA1,
    DOCKER_SCHEMA1_SIGNED,
    DOCKER_MANIFEST,
    OCI_MANIFEST,
  ])
})

test('what may not change is offered as it is', () => {
  expect(conversionCandidates(OCI_MANIFEST, { mayChange: false, accepted: [DOCKER_MANIFEST] })).toEqual([OCI_MANIFEST])
})

test('an index where only images are taken has no candidates', () => {
  expect(() => conversionCandidates(OCI_INDEX, { accepted: [DOCKER_MANIFEST] })).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining(DOCKER_MANIFEST) }),
  )
})

test('an image is never offered as an index, nor an index as an image', () => {
  expect(() => conversionCandidates(OCI_MANIFEST, { accepted: [OCI_INDEX] })).toThrow('an image can be none of them')
  expect(() => conversionCandidates(OCI_INDEX, { accepted: [OCI_MANIFEST] })).toThrow('an index can be none of them')
})
