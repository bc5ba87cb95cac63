import { digestOf } from '@crossdock/core'
import { expect, test } from 'vitest'
import { checkDescriptor, parseImageConfig, parseManifest } from '../src/index.ts'
import { bytesOf, manifestBytes, outcome } from './documents.ts'
import compat from './fixtures/docker-v2-compat-vectors.json' with { type: 'json' }
import vectors from './fixtures/schema-vectors.json' with { type: 'json' }

const OTHER_ALGORITHM = 'only sha256 and sha512 can be verified: other algorithms are refused by name'

/** Where the verdict differs from that of the specification's JSON schemas, and why. */
const DEVIATIONS: Readonly<
  Record<string, { readonly accepted: boolean; readonly why: string; readonly rows: number }>
> = {
  'expected failure: empty layer, expected at least one': {
    accepted: true,
    why: 'the text asks for a layer only "for portability"; images and artifacts without layers exist',
    rows: 1,
  },
  'expected failure: Env is invalid': {
    accepted: true,
    why: 'strict on types only: such configs exist and run',
    rows: 1,
  },
  'expected pass: test bounds of algorithm field in digest.': { accepted: false, why: OTHER_ALGORITHM, rows: 1 },
  'expected success: test for alternate digest algorithm': { accepted: false, why: OTHER_ALGORITHM, rows: 5 },
  'expected success: test for alternate digest encoding': { accepted: false, why: OTHER_ALGORITHM, rows: 1 },
  'expected success: test for those who cannot use modulo arithmetic to recover padding.': {
    accepted: false,
    why: OTHER_ALGORITHM,
    rows: 1,
  },
}

interface Row {
  readonly note: string
  readonly valid: boolean
  readonly document: string
}

function wanted({ note, valid }: Row): string {
  return (DEVIATIONS[note]?.accepted ?? valid) ? 'accepted' : 'INVALID_DATA'
}

test.each(vectors.manifest)('manifest: $note', (row) => {
  expect(outcome(() => parseManifest(manifestBytes(row.document)))).toBe(wanted(row))
})

test.each(vectors.index)('index: $note', (row) => {
  expect(outcome(() => parseManifest(manifestBytes(row.document)))).toBe(wanted(row))
})

test.each(vectors.config)('config: $note', (row) => {
  expect(outcome(() => parseImageConfig(bytesOf(row.document)))).toBe(wanted(row))
})

test.each(vectors.descriptor)('descriptor: $note', (row) => {
  expect(outcome(() => checkDescriptor(JSON.parse(row.document), 'descriptor'))).toBe(wanted(row))
})

test('every recorded deviation is still one', () => {
  const rows: readonly Row[] = [...vectors.manifest, ...vectors.index, ...vectors.config, ...vectors.descriptor]
  const counts = Object.keys(DEVIATIONS).map((note) => [note, rows.filter((row) => row.note === note).length])
  expect(counts).toEqual(Object.entries(DEVIATIONS).map(([note, { rows: count }]) => [note, count]))
  const agreeing = rows.filter(({ note, valid }) => DEVIATIONS[note]?.accepted === valid)
  expect(agreeing).toEqual([])
})

const KINDS: Readonly<Record<string, string>> = { manifest: 'image', imageIndex: 'index' }

test.each(compat)('the digest of Docker $kind $digest is that of its bytes', ({ digest, document }) => {
  expect(digestOf(bytesOf(document))).toBe(digest)
})

test.each(compat.filter(({ kind }) => kind !== 'config'))('Docker $kind $digest', ({ kind, document }) => {
  expect(parseManifest(manifestBytes(document))).toMatchObject({ format: 'docker', kind: KINDS[kind] })
})

test.each(compat.filter(({ kind }) => kind === 'config'))('Docker $kind $digest', ({ document }) => {
  expect(parseImageConfig(bytesOf(document))).toMatchObject({ os: 'linux', architecture: 'amd64' })
})
