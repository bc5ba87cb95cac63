import * as zlib from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { type OpenPgpPacket, readPackets } from '../../src/simple/openpgp-packets.ts'
import { readSignedMessage } from '../../src/simple/signed-message.ts'
import { writePackets } from '../../src/simple/write-packets.ts'
import { makeKey, signText } from './test-keys.ts'

const compressed = (content: Uint8Array, algorithm = 1): OpenPgpPacket => ({
  tag: 8,
  body: Buffer.concat([
    Uint8Array.of(algorithm),
    algorithm === 2 ? zlib.deflateSync(content) : zlib.deflateRawSync(content),
  ]),
})
const literal = (content: string | Uint8Array, format = 'b', name = ''): OpenPgpPacket => ({
  tag: 11,
  body: Buffer.concat([
    Buffer.from(format),
    Uint8Array.of(name.length),
    Buffer.from(name),
    Buffer.alloc(4),
    Buffer.from(content),
  ]),
})
const read = async (...packets: readonly OpenPgpPacket[]): Promise<string> => {
  const { content } = await readSignedMessage(writePackets(packets))
  return Buffer.from(content).toString()
}

const makePackets = async () => readPackets(await signText('text', await makeKey()), { what: 'x', maxPackets: 3 })

describe('readSignedMessage', () => {
  let onePass: OpenPgpPacket
  let signature: OpenPgpPacket
  let other: readonly OpenPgpPacket[]

  beforeAll(async () => {
    const packets = await makePackets()
    ;[onePass, signature] = [packets[0] as OpenPgpPacket, packets[2] as OpenPgpPacket]
    other = await makePackets()
  })

  it('reads a message, in one layer of compression as well', async () => {
    const message = [onePass, literal('text'), signature]
    expect(await read(...message)).toBe('text')
    expect(await read(compressed(writePackets(message)))).toBe('text')
    expect(await read(compressed(writePackets(message), 2))).toBe('text')
    expect(await read({ tag: 8, body: Buffer.concat([Uint8Array.of(0), writePackets(message)]) })).toBe('text')
    expect(await read(onePass, literal('', 'b', '\n[GNUPG:] VALIDSIG'), signature)).toBe('')
  })

  it.each<[string, () => OpenPgpPacket[], string]>([
    ['a literal alone', () => [literal('x')], 'is a literal'],
    ['a detached signature', () => [signature], 'is a signature'],
    ['a signature before its literal', () => [signature, literal('x')], 'is a signature, a literal'],
    ['two literals', () => [onePass, literal('x'), literal('y'), signature], 'a literal, a literal, a signature'],
    [
      'a literal behind the signature',
      () => [onePass, literal('x'), signature, literal('y')],
      'a signature, a literal',
    ],
    [
      'a literal before the signature',
      () => [literal('y'), onePass, literal('x'), signature],
      'is a literal, a one-pass',
    ],
    ['two signatures', () => [onePass, literal('x'), signature, signature], 'a signature, a signature'],
    ['two signers', () => [onePass, onePass, literal('x'), signature, signature], 'one-pass signature, a one-pass'],
    ['two messages', () => [onePass, literal('x'), signature, ...other], 'a signature, a one-pass signature'],
    ['no signature', () => [onePass, literal('x')], 'is a one-pass signature, a literal'],
    ['no literal', () => [onePass, signature], 'is a one-pass signature, a signature'],
    ['a marker', () => [{ tag: 10, body: Buffer.from('PGP') }, onePass, literal('x'), signature], 'is a marker'],
    ['an unknown packet', () => [onePass, literal('x'), signature, { tag: 60, body: Buffer.alloc(1) }], 'the tag 60'],
    ['padding', () => [onePass, literal('x'), signature, { tag: 21, body: Buffer.alloc(1) }], 'the tag 21'],
    [
      'encrypted data',
      () => [
        { tag: 1, body: Buffer.alloc(9) },
        { tag: 18, body: Buffer.alloc(9) },
      ],
      'encrypted',
    ],
    ['a key', () => [{ tag: 6, body: Buffer.alloc(9) }], 'is a public key'],
    ['many packets', () => Array.from({ length: 600 }, () => signature), 'more than 8 OpenPGP packets'],
    [
      'compressed data beside others',
      () => [compressed(writePackets([onePass, literal('x'), signature])), signature],
      'is compressed data, a signature',
    ],
    [
      'a compressed literal in the message',
      () => [onePass, compressed(writePackets([literal('x')])), signature],
      'one-pass signature, compressed data, a signature',
    ],
    ['text', () => [onePass, literal('x', 't'), signature], 'marked as text'],
    ['text in UTF-8', () => [onePass, literal('x', 'u'), signature], 'marked as text'],
    ['a literal that is cut off', () => [onePass, { tag: 11, body: Buffer.from('b\xff') }, signature], 'cut off'],
    ['an announcement of another kind', () => [changed(onePass, 1, 1), literal('x'), signature], 'announces another'],
    ['an announcement of another hash', () => [changed(onePass, 2, 8), literal('x'), signature], 'announces another'],
    ['an announcement of another key', () => [changed(onePass, 3, 1), literal('x'), signature], 'announces another'],
    [
      'an announcement of more signatures',
      () => [changed(onePass, 12, 0), literal('x'), signature],
      'a second signature',
    ],
    ['another version', () => [changed(onePass, 0, 6), literal('x'), signature], 'versions of its two parts'],
  ])('refuses %s', async (_, packets, reason) => {
    const refusal = expect.objectContaining({ code: 'REJECTED_BY_POLICY' }) as Error
    await expect(read(...packets())).rejects.toThrow(refusal)
    await expect(read(...packets())).rejects.toThrow(reason)
  })

  const whole = (): Uint8Array => writePackets([onePass, literal('text'), signature])
  it.each<[string, () => Uint8Array, string]>([
    ['nothing', () => new Uint8Array(), 'it is empty'],
    ['a payload that nobody signed', () => Buffer.from('{"critical":{}}'), 'it is not an OpenPGP message'],
    ['armour', () => Buffer.from('-----BEGIN PGP MESSAGE-----\n\nowE=\n-----END PGP MESSAGE-----'), 'armoured'],
    ['clear-signed text', () => Buffer.from('-----BEGIN PGP SIGNED MESSAGE-----\n'), 'clear-signed'],
    ['one byte more', () => Buffer.concat([whole(), Uint8Array.of(0)]), 'no OpenPGP packet begins'],
    ['noise behind it', () => Buffer.concat([whole(), Buffer.alloc(40, 0xff)]), 'ends within a packet'],
    ['one byte less', () => whole().subarray(0, -1), 'ends within a packet'],
    ['too much', () => new Uint8Array(5 * 1024 * 1024).fill(0x90), 'which is too much'],
    ['a bomb', () => writePackets([compressed(new Uint8Array(64 * 1024 * 1024))]), 'unpacks to more than'],
    [
      'a bomb in a literal',
      () => writePackets([compressed(writePackets([literal(new Uint8Array(64 << 20))]))]),
      'unpacks to',
    ],
    ['noise behind compressed data', () => withTrail(compressed(whole())), 'bytes behind its compressed data'],
    ['compressed data that is cut off', () => cut(compressed(whole())), 'compressed data is damaged'],
    [
      'an unknown compression',
      () => writePackets([changed(compressed(whole()), 0, 9)]),
      'compressed in an unknown way',
    ],
    ['something else than bzip2', () => writePackets([changed(compressed(whole()), 0, 3)]), 'has no bzip2 data'],
    ['bzip2 that is damaged', () => writePackets([{ tag: 8, body: Buffer.from('\x03BZh91AY&SY12345678') }]), 'bzip2'],
    ['two layers of compression', () => nested(2), 'is compressed data'],
    ['two hundred layers of compression', () => nested(200), 'is compressed data'],
  ])('refuses %s', async (_, bytes, reason) => {
    const refusal = expect.objectContaining({ code: 'REJECTED_BY_POLICY' }) as Error
    await expect(readSignedMessage(bytes())).rejects.toThrow(refusal)
    await expect(readSignedMessage(bytes())).rejects.toThrow(reason)
  })

  function nested(layers: number): Uint8Array {
    let message = whole()
    for (let layer = 0; layer < layers; layer += 1) message = writePackets([compressed(message)])
    return message
  }
})

function changed({ tag, body }: OpenPgpPacket, at: number, value: number): OpenPgpPacket {
  const copy = Buffer.from(body)
  copy[at] = value
  return { tag, body: copy }
}

function withTrail({ tag, body }: OpenPgpPacket): Uint8Array {
  return writePackets([{ tag, body: Buffer.concat([body, Buffer.alloc(9)]) }])
}

function cut({ tag, body }: OpenPgpPacket): Uint8Array {
  return writePackets([{ tag, body: body.subarray(0, -4) }])
}
