import type { Signature, SigstoreSignature } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeSignature, encodeSignature } from '../../src/index.ts'

const sigstore: SigstoreSignature = {
  format: 'sigstore',
  mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
  bytes: Buffer.from('{"critical":{}}'),
  annotations: { 'dev.cosignproject.cosign/signature': 'MEUCIQ==' },
}

describe('encodeSignature', () => {
  it.each([0x90, 0x91, 0x92, 0x93, 0xc4, 0x88, 0x89, 0x8a, 0x8b, 0xc2, 0xa0, 0xa1, 0xa2, 0xa3, 0xc8])(
    'leaves OpenPGP as it is: %i',
    (first) => {
      const bytes = Uint8Array.of(first, 0, 1)
      expect(encodeSignature({ format: 'simple', bytes })).toEqual(bytes)
    },
  )

  it.each([[[]], [[0x00, 1]], [[0x2d, 0x2d]], [[0x99]]])('names the format of other simple signatures: %j', (bytes) => {
    const encoded = encodeSignature({ format: 'simple', bytes: Uint8Array.from(bytes) })
    expect(Buffer.from(encoded).toString('latin1')).toBe(`\0simple-signing\n${String.fromCharCode(...bytes)}`)
  })

  it('writes sigstore as JSON behind its name', () => {
    expect(Buffer.from(encodeSignature(sigstore)).toString()).toBe(
      '\0sigstore-json\n{"mimeType":"application/vnd.dev.cosign.simplesigning.v1+json","payload":"eyJjcml0aWNhbCI6e319",' +
        '"annotations":{"dev.cosignproject.cosign/signature":"MEUCIQ=="}}',
    )
  })

  it('sorts annotations by name and escapes what skopeo escapes', () => {
    const annotations = { b: '<&>', '10': '\u2028\u2029"', '9': 'ä', a: '\n' }
    expect(Buffer.from(encodeSignature({ ...sigstore, annotations })).toString()).toContain(
      '"annotations":{"10":"\\u2028\\u2029\\"","9":"ä","a":"\\n","b":"\\u003c\\u0026\\u003e"}}',
    )
  })

  it('refuses more than 4 MiB', () => {
    const bytes = new Uint8Array(4 * 1024 * 1024 + 1).fill(0x90)
    expect(() => encodeSignature({ format: 'simple', bytes })).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    )
    expect(encodeSignature({ format: 'simple', bytes: bytes.subarray(1) })).toHaveLength(4 * 1024 * 1024)
  })
})

describe('decodeSignature', () => {
  it('reads back what was encoded', () => {
    const bytes = fc.uint8Array({ maxLength: 50 })
    const simple = fc.record({ format: fc.constant('simple' as const), bytes })
    const text = fc.string({ maxLength: 20, unit: 'grapheme' })
    const other = fc.record({
      format: fc.constant('sigstore' as const),
      mediaType: text,
      bytes,
      annotations: fc.dictionary(fc.oneof(text, fc.constant('__proto__')), text, { noNullPrototype: true }),
    })
    fc.assert(
      fc.property(fc.oneof(simple, other), (signature) => {
        const read = decodeSignature(encodeSignature(signature), '/d/signature-1')
        expect(comparable(read)).toEqual(comparable(signature))
      }),
    )
  })

  it('takes a sigstore signature without annotations, and with more fields', () => {
    for (const rest of ['', ',"annotations":null', ',"annotations":{},"other":1']) {
      const bytes = Buffer.from(`\0sigstore-json\n{"mimeType":"a/b","payload":""${rest}}`)
      expect(decodeSignature(bytes, '/d/signature-1')).toMatchObject({ format: 'sigstore', annotations: {} })
    }
  })

  it.each([
    ['', 'empty'],
    ['\u00FFsimple-signing\nhello', 'begins neither'],
    ['-----BEGIN PGP MESSAGE-----', 'begins neither'],
    ['\0', 'begins neither'],
    ['\0\n', 'begins neither'],
    ['\0simple-signing', 'begins neither'],
    ['\0format\u00FFname\ndata', 'begins neither'],
    ['\0format name\ndata', 'begins neither'],
    [`\0${'x'.repeat(101)}\ndata`, 'begins neither'],
    ['\0sigstore-json\n', 'JSON'],
    ['\0sigstore-json\n[]', 'object'],
    ['\0sigstore-json\n{"mimeType":1,"payload":""}', 'mimeType'],
    ['\0sigstore-json\n{"payload":""}', 'mimeType'],
    ['\0sigstore-json\n{"mimeType":"a/b"}', 'payload'],
    ['\0sigstore-json\n{"mimeType":"a/b","payload":"a"}', 'payload'],
    ['\0sigstore-json\n{"mimeType":"a/b","payload":"YQ"}', 'payload'],
    ['\0sigstore-json\n{"mimeType":"a/b","payload":"YQ==","annotations":[]}', 'annotations'],
    ['\0sigstore-json\n{"mimeType":"a/b","payload":"YQ==","annotations":{"a":1}}', 'annotations'],
    ['\0sigstore-json\n{"mimeType":"a/b","payload":"YQ=="} {}', 'JSON'],
  ])('refuses %j', (text, word) => {
    expect(() => decodeSignature(Buffer.from(text, 'latin1'), '/d/signature-1')).toThrow(
      expect.objectContaining({ code: 'INVALID_DATA', message: expect.stringContaining(word) }),
    )
  })

  it('says which format it does not know', () => {
    expect(() => decodeSignature(Buffer.from('\0unknown-format\ndata'), '/d/signature-1')).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining('"unknown-format"') }),
    )
  })

  it('is quick with much that is nearly a format or base64', () => {
    const began = performance.now()
    const long = 'A'.repeat(4_000_000)
    for (const text of [`\0${long}`, `\0sigstore-json\n{"mimeType":"a/b","payload":"${long}!"}`]) {
      expect(() => decodeSignature(Buffer.from(text), '/d/signature-1')).toThrow(/signature/)
    }
    expect(performance.now() - began).toBeLessThan(1000)
  })
})

function comparable(signature: Signature): unknown {
  const bytes = Buffer.from(signature.bytes).toString('hex')
  return signature.format === 'simple'
    ? { ...signature, bytes }
    : { ...signature, bytes, annotations: new Map(Object.entries(signature.annotations)) }
}
