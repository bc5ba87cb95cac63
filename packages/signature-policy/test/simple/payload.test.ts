import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ImageError, parseDigest } from '@crossdock/core'
import { assert, constantFrom, integer, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSimplePayload, type SimplePayload, writeSimplePayload } from '../../src/index.ts'

const folder = join(import.meta.dirname, '../fixtures/containers-image/simple')
const readTable = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const digest = parseDigest(`sha256:${'a'.repeat(64)}`)
const good = {
  critical: {
    type: 'atomic container signature',
    image: { 'docker-manifest-digest': digest },
    identity: { 'docker-reference': 'reference#@!' },
  },
  optional: { creator: 'CREATOR', timestamp: 1484683104 },
}
const parse = (text: string): SimplePayload => parseSimplePayload(Buffer.from(text))
const refusal = expect.objectContaining({ code: 'REJECTED_BY_POLICY' }) as Error

/** A copy in which the member at a path has another value; undefined takes it away. */
function changed(path: readonly string[], value: unknown): string {
  const copy = structuredClone(good) as Record<string, unknown>
  let object = copy
  for (const key of path.slice(0, -1)) object = object[key] as Record<string, unknown>
  object[path.at(-1) ?? ''] = value
  return JSON.stringify(copy)
}

describe('writeSimplePayload', () => {
  const { TestMarshalJSON } = readTable('simple_test.json') as {
    TestMarshalJSON: [{ rows: { expected: string; input: Record<string, string> }[] }]
  }

  it.each(TestMarshalJSON[0].rows)(
    'writes the bytes that containers/image writes: $expected',
    ({ expected, input }) => {
      const bytes = writeSimplePayload({
        digest: parseDigest(input['untrustedDockerManifestDigest']),
        dockerReference: input['untrustedDockerReference'] ?? '',
        creator: input['untrustedCreatorID'],
        timestamp: input['untrustedTimestamp'] === undefined ? undefined : 1484683104,
      })
      expect(Buffer.from(bytes).toString()).toBe(expected)
    },
  )

  it('writes what is read again as it was', () => {
    assert(
      property(
        string({ unit: 'grapheme' }),
        string({ unit: 'binary' }),
        integer(),
        (dockerReference, creator, timestamp) => {
          const payload = { digest, dockerReference, creator: creator.toWellFormed(), timestamp }
          expect(parseSimplePayload(writeSimplePayload(payload))).toEqual(payload)
        },
      ),
    )
  })
})

describe('parseSimplePayload', () => {
  it('reads what there is', () => {
    expect(parse(JSON.stringify(good))).toEqual({
      digest,
      dockerReference: 'reference#@!',
      creator: 'CREATOR',
      timestamp: 1484683104,
    })
    expect(parse(changed(['optional'], {}))).toEqual({ digest, dockerReference: 'reference#@!' })
  })

  it.each([
    ['other keys in optional', ['optional', 'unexpected'], { a: [null] }],
    ['a whole number that is written otherwise', ['optional', 'timestamp'], 1484683104.0],
    ['a time before 1970', ['optional', 'timestamp'], -1],
    ['a time beyond 2^53', ['optional', 'timestamp'], 2 ** 53],
    ['a time that is null', ['optional', 'timestamp'], null],
    ['a creator that is null', ['optional', 'creator'], null],
  ])('accepts %s', (_, path, value) => {
    expect(parse(changed(path, value)).dockerReference).toBe('reference#@!')
  })

  const places = [
    ['critical'],
    ['optional'],
    ['critical', 'type'],
    ['critical', 'image'],
    ['critical', 'image', 'docker-manifest-digest'],
    ['critical', 'identity'],
    ['critical', 'identity', 'docker-reference'],
  ]
  it.each(places)('refuses a payload without %s %s %s, or with something else in it', (...path) => {
    for (const value of [undefined, null, 1, true, [], ['x'], [good]]) {
      expect(() => parse(changed(path, value))).toThrow(refusal)
    }
  })

  it.each([[[]], [['critical']], [['critical', 'image']], [['critical', 'identity']]])(
    'refuses a key that is not known in %j',
    (path: string[]) => {
      expect(() => parse(changed([...path, 'unexpected'], 1))).toThrow('there must be no other keys')
      expect(() => parse(changed([...path, '__proto__'], 1).replace('{', '{"__proto__":{},'))).toThrow(refusal)
    },
  )

  it.each([
    ['another type', ['critical', 'type'], 'atomic container signature '],
    ['the type of sigstore', ['critical', 'type'], 'cosign container image signature'],
    ['a digest of an unknown algorithm', ['critical', 'image', 'docker-manifest-digest'], 'md5:0123'],
    ['a digest in capitals', ['critical', 'image', 'docker-manifest-digest'], digest.toUpperCase()],
    ['a creator that is no text', ['optional', 'creator'], 1],
    ['a time that is text', ['optional', 'timestamp'], '1'],
    ['half a second', ['optional', 'timestamp'], 1.5],
    ['a time beyond 64 bits', ['optional', 'timestamp'], 2 ** 63],
  ])('refuses %s', (_, path, value) => {
    expect(() => parse(changed(path, value))).toThrow(refusal)
  })

  it.each([
    ['keys that differ in case', '{"Critical":{}}'],
    ['a key twice', JSON.stringify(good).replace('"optional":{', '"optional":{},"optional":{')],
    ['a key of critical twice', JSON.stringify(good).replace('"type":', '"type":"x","type":')],
    ['a digest twice', JSON.stringify(good).replace('"image":{', `"image":{"docker-manifest-digest":"${digest}",`)],
    ['something behind the end', `${JSON.stringify(good)}{}`],
    ['a zero byte behind the end', `${JSON.stringify(good)}\0`],
    ['a byte order mark', `\uFEFF${JSON.stringify(good)}`],
    ['deep nesting', changed(['optional', 'x'], 1).replace('"x":1', `"x":${'['.repeat(100)}${']'.repeat(100)}`)],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(() => parse(text)).toThrow(refusal)
  })

  it('says where', () => {
    expect(() => parse('{\n  "critical": 1,\n  "optional": {}\n}')).toThrow(
      'the signed payload:2:15: it must be an object',
    )
  })

  const { TestParanoidUnmarshalJSONObject: table } = readTable('json_test.json') as Record<string, [{ rows: string[] }]>
  // Two rows are about keys that are not known, which optional may have.
  const rows = table?.[0].rows.filter((text) => text !== '{"thisdoesnotexist":1}' && text !== '{"a":1}') ?? []

  it.each(rows)('refuses an optional that is no object of its own: %j', (text) => {
    expect(() => parse(JSON.stringify(good).replace(/"optional":.*$/, `"optional":${text}}`))).toThrow(refusal)
  })

  it('reads the same digest or none, whichever letter is changed to one that means something', () => {
    const text = JSON.stringify(good)
    const letters = constantFrom(...Array.from('"{}[]:,\\x \u0000'))
    assert(
      property(integer({ min: 0, max: text.length - 1 }), letters, (at, letter) => {
        const other = text.slice(0, at) + letter + text.slice(at + 1)
        expect(['REJECTED_BY_POLICY', digest]).toContain(outcome(other))
      }),
      { numRuns: 2000 },
    )
  })
})

/** The digest that is read, or that the payload was refused. */
function outcome(text: string): string {
  try {
    return parse(text).digest
  } catch (error) {
    return error instanceof ImageError ? error.code : String(error)
  }
}
