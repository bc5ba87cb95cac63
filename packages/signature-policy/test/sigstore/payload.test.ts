import { parseDigest } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SignedPayload } from '../../src/documents/signed-payload.ts'
import { parseSigstorePayload, writeSigstorePayload } from '../../src/sigstore/payload.ts'
import written from '../fixtures/containers-image/sigstore/written-payloads.json' with { type: 'json' }
import { DIGEST, payloadText, REFERENCE } from './signed-image.ts'

const parse = (text: string): SignedPayload => parseSigstorePayload(Buffer.from(text))
const parts = {
  type: '"type":"cosign container image signature"',
  image: `"image":{"docker-manifest-digest":"${DIGEST}"}`,
  identity: `"identity":{"docker-reference":"${REFERENCE}"}`,
}
const critical = Object.values(parts).join(',')
const withOptional = (optional: string): string => `{"critical":{${critical}},"optional":${optional}}`
const withCritical = (content: string): string => `{"critical":{${content}},"optional":{}}`

describe('payloads that are written', () => {
  it.each(written)('have the form of containers/image: $expected', ({ expected, ...payload }) => {
    const text = Buffer.from(writeSigstorePayload({ ...payload, digest: parseDigest(payload.digest) })).toString()
    expect(text).toBe(expected)
  })

  it('are read as they were written', () => {
    const digests = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => parseDigest(`sha256:${Buffer.from(bytes).toString('hex')}`))
    const names = fc.string({
      unit: fc.constantFrom('a', '/', '"', '\\', '\n', '\u0001', 'é', '\u2028', '😀', '__proto__'),
    })
    const times = fc.option(fc.integer({ min: 0, max: 2 ** 40 }), { nil: undefined })
    const creators = fc.option(fc.string(), { nil: undefined })
    fc.assert(
      fc.property(digests, names, creators, times, (digest, name, creator, timestamp) => {
        const payload = { digest, dockerReference: name, creator, timestamp }
        expect(parseSigstorePayload(writeSigstorePayload(payload))).toEqual(payload)
      }),
    )
  })
})

describe('payloads that are read', () => {
  it.each([
    ["cosign's null", 'null', {}],
    ['nothing', '{}', {}],
    ['what skopeo adds', '{"creator":"c","timestamp":1700000000}', { creator: 'c', timestamp: 1_700_000_000 }],
    ['nulls', '{"creator":null,"timestamp":null}', {}],
    ['a time with a fraction of nothing', '{"timestamp":1.0}', { timestamp: 1 }],
    ['a time before 1970', '{"timestamp":-5}', { timestamp: -5 }],
    ['other keys', '{"x":{"y":[1,null]}}', {}],
  ])('may have %s as optional', (_, optional, expected) => {
    expect(parse(withOptional(optional))).toEqual({ digest: DIGEST, dockerReference: REFERENCE, ...expected })
  })

  it.each([
    ['optional missing', `{"critical":{${critical}}}`],
    ['optional a list', withOptional('[]')],
    ['optional a text', withOptional('""')],
    ['creator a number', withOptional('{"creator":1}')],
    ['timestamp a text', withOptional('{"timestamp":"1"}')],
    ['timestamp a fraction', withOptional('{"timestamp":1.5}')],
    ['timestamp beyond 64 bits', withOptional('{"timestamp":1e300}')],
    ['a key of optional twice', withOptional('{"x":1,"x":2}')],
    ['another key at the top', withOptional('{},"x":1')],
    ['another key in critical', withCritical(`${critical},"x":1`)],
    ['__proto__ in critical', withCritical(`${critical},"__proto__":{}`)],
    ['another key in image', withCritical(critical.replace('"image":{', '"image":{"x":1,'))],
    ['another key in identity', withCritical(critical.replace('"identity":{', '"identity":{"x":1,'))],
    ['a key in another case', withCritical(critical.replace('"type"', '"Type"'))],
    ['a key twice', withCritical(`${critical},${parts.image}`)],
    ['another type', payloadText().replace('cosign container', 'atomic container')],
    ['type null', withCritical(critical.replace(parts.type, '"type":null'))],
    ['type missing', withCritical(`${parts.image},${parts.identity}`)],
    ['image a list', withCritical(critical.replace(parts.image, `"image":["${DIGEST}"]`))],
    ['identity missing', withCritical(`${parts.type},${parts.image}`)],
    ['a reference that is a number', withCritical(critical.replace(`"${REFERENCE}"`, '1'))],
    ['a digest in a list', withCritical(critical.replace(`"${DIGEST}"`, `["${DIGEST}"]`))],
    ['a digest in upper case', payloadText(DIGEST.replace(/[a-f]/g, (letter) => letter.toUpperCase()))],
    ['a digest of another algorithm', payloadText(`md5:${'0'.repeat(32)}`)],
    ['critical null', '{"critical":null,"optional":{}}'],
    ['critical through __proto__', `{"__proto__":{"critical":{${critical}}},"optional":{}}`],
    ['something behind it', `${payloadText()}{}`],
    ['a byte order mark', `\uFEFF${payloadText()}`],
    ['a comment', `${payloadText()}//`],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', `[${payloadText()}]`],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22]).toString('latin1')],
    ['something deep', withOptional(`{"x":${'['.repeat(5000)}${']'.repeat(5000)}}`)],
    ['something huge', withOptional(`{"x":"${'x'.repeat(2 ** 20)}"}`)],
  ])('are refused with %s', (_, text) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^INVALID_DATA|LIMIT_/) as string }),
    )
  })

  it('say what is wrong and where', () => {
    expect(() => parse(withCritical(`${critical},"x":1`))).toThrow(
      /^the signed payload:1:\d+: there must be no other keys than the known ones$/,
    )
  })

  it('never mean another manifest than the one that stands there, however they are damaged', () => {
    const text = payloadText()
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(20), fc.string(), (at, length, inserted) => {
        const damaged = text.slice(0, at) + inserted + text.slice(at + length)
        let digest
        try {
          ;({ digest } = parse(damaged))
        } catch {
          return
        }
        expect(damaged).toContain(digest)
      }),
    )
  })
})
