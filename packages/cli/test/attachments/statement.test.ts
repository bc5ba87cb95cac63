import { digestOf, ImageError } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isAbout, readStatement, type Wrapping } from '../../src/attachments/statement.ts'

const digest = digestOf(new Uint8Array([1]))
const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'app', digest: { sha256: digest.slice('sha256:'.length), sha1: '0'.repeat(40) } }],
  predicateType: 'https://spdx.dev/Document',
  predicate: { spdxVersion: 'SPDX-2.3' },
}
const envelopeOf = (payload: unknown, payloadType = 'application/vnd.in-toto+json') => ({
  payloadType,
  payload: Buffer.from(JSON.stringify(payload)).toString('base64'),
  signatures: [{ keyid: '', sig: 'AA==' }],
})

function read(document: unknown, wrapping: Wrapping) {
  const bytes = new TextEncoder().encode(JSON.stringify(document))
  return readStatement(bytes, wrapping, { what: 'the attachment', maxBytes: 1_000_000 })
}

describe('a statement', () => {
  test.each<[Wrapping, unknown]>([
    ['statement', statement],
    ['envelope', envelopeOf(statement)],
    ['bundle', { mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', dsseEnvelope: envelopeOf(statement) }],
  ])('is unwrapped: %s', (wrapping, document) => {
    const found = read(document, wrapping)
    expect(found).toMatchObject({ predicateType: statement.predicateType, predicate: statement.predicate })
    expect(found && isAbout(found, digest)).toBe(true)
    expect(found && isAbout(found, digestOf(new Uint8Array([2])))).toBe(false)
  })

  test('keeps the numbers that are written in it', () => {
    const bytes = new TextEncoder().encode(
      '{"predicateType":"x","predicate":{"size":12345678901234567890,"ratio":1.0}}',
    )
    const found = readStatement(bytes, 'statement', { what: 'it', maxBytes: 1000 })
    expect(JSON.stringify(found?.predicate)).toBe('{"size":12345678901234567890,"ratio":1.0}')
  })

  test('is not in a bundle that signs the image itself', () => {
    expect(read({ messageSignature: {} }, 'bundle')).toBeUndefined()
  })
})

test.each<[string, Wrapping, unknown]>([
  ['something else', 'statement', []],
  ['no predicate type', 'statement', { ...statement, predicateType: 7 }],
  ['subjects that are no list', 'statement', { ...statement, subject: {} }],
  ['another payload', 'envelope', envelopeOf(statement, 'text/plain')],
  ['no base64', 'envelope', { ...envelopeOf(statement), payload: '!!!' }],
  ['no statement inside', 'envelope', envelopeOf(7)],
  ['no envelope', 'bundle', { dsseEnvelope: 'x' }],
])('%s is refused', (_, wrapping, document) => {
  expect(() => read(document, wrapping)).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
})

test('whatever comes, it is read or refused', () => {
  const wrappings: readonly Wrapping[] = ['statement', 'envelope', 'bundle']
  const isReadOrRefused = fc.property(fc.jsonValue(), fc.constantFrom(...wrappings), (document, wrapping) => {
    try {
      read(document, wrapping)
      return true
    } catch (error) {
      return error instanceof ImageError
    }
  })
  expect(() => fc.assert(isReadOrRefused)).not.toThrow()
})
