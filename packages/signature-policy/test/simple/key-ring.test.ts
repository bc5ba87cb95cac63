import { ImageError } from '@crossdock/core'
import { assert, constantFrom, property, uint8Array } from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { readKeyRing } from '../../src/index.ts'
import { readPackets } from '../../src/simple/openpgp-packets.ts'
import { writePackets } from '../../src/simple/write-packets.ts'
import { keybox } from './keybox.ts'
import { makeKey, type TestKey } from './test-keys.ts'

const fingerprints = (ring: Uint8Array): readonly string[] => readKeyRing(ring).map(({ fingerprint }) => fingerprint)

describe('readKeyRing', () => {
  let one: TestKey
  let two: TestKey
  let armoured: string
  beforeAll(async () => {
    one = await makeKey({ signingSubkey: true })
    two = await makeKey({ userIDs: [{ name: 'Two' }, { email: 'two@example.com' }] })
    armoured = one.secret.toPublic().armor()
  })

  it('reads keys in binary form', () => {
    const [first, second] = readKeyRing(Buffer.concat([one.publicBytes, two.publicBytes]))
    expect(first?.fingerprint).toBe(one.fingerprint)
    expect(first?.keyFingerprints).toEqual([one.fingerprint, one.secret.subkeys[0]?.getFingerprint().toUpperCase()])
    expect(Buffer.from(first?.bytes ?? []).equals(writePackets(packets(one.publicBytes)))).toBe(true)
    expect(second).toMatchObject({ fingerprint: two.fingerprint, userIds: ['Two', '<two@example.com>'] })
  })

  it('reads every armoured block of a file, and what stands around them not', () => {
    const text = `pub ed25519\n${armoured}\nsome text\n${two.secret.toPublic().armor()}`
    expect(fingerprints(Buffer.from(text))).toEqual([one.fingerprint, two.fingerprint])
    expect(fingerprints(Buffer.from(text.replaceAll(/\r?\n/g, '\r\n')))).toEqual([one.fingerprint, two.fingerprint])
    expect(fingerprints(Buffer.from(text.replaceAll(/\r/g, '')))).toEqual([one.fingerprint, two.fingerprint])
  })

  it.each([
    ['without headers and checksum', (text: string) => text.replaceAll(/\r?\n=[\w+/]{4}(?=\r?\n)/g, '')],
    ['with headers', (text: string) => text.replace('\n\r\n', '\nVersion: GnuPG v1\nComment: a: b\n\r\n')],
    [
      'with spaces at the ends of lines',
      (text: string) => text.replaceAll('\n', ' \n').replace('BLOCK----- ', 'BLOCK-----'),
    ],
  ])('reads armour %s', (_, change) => {
    expect(fingerprints(Buffer.from(change(armoured)))).toEqual([one.fingerprint])
  })

  it("reads GnuPG's keybox, and only OpenPGP keys of it", () => {
    expect(fingerprints(keybox([one.publicBytes, two.publicBytes]))).toEqual([one.fingerprint, two.fingerprint])
    expect(fingerprints(keybox([one.publicBytes], { certificates: 2 }))).toEqual([one.fingerprint])
  })

  it('leaves out what GnuPG notes for itself, and keys of versions that nobody can use', () => {
    const trusted = packets(one.publicBytes).flatMap((packet) => [packet, { tag: 12, body: Buffer.alloc(2) }])
    const old = { tag: 6, body: Buffer.concat([Uint8Array.of(3), Buffer.alloc(20)]) }
    const [key, ...others] = readKeyRing(writePackets([old, ...trusted]))
    expect(others).toEqual([])
    expect(Buffer.from(key?.bytes ?? []).equals(writePackets(packets(one.publicBytes)))).toBe(true)
  })

  it.each<[string, () => Uint8Array, string]>([
    ['nothing', () => new Uint8Array(), 'has no OpenPGP public key in it'],
    ['text', () => Buffer.from('not a key'), 'has no OpenPGP public key in it'],
    ['a signature', () => writePackets(packets(one.publicBytes).filter(({ tag }) => tag === 2)), 'does not begin with'],
    ['an empty keybox', () => keybox([]), 'has no OpenPGP public key in it'],
    ['a secret key', () => one.secretBytes, 'has a secret key in it'],
    ['an armoured secret key', () => Buffer.from(one.secret.armor()), 'has a secret key in it'],
    [
      'an armoured message',
      () => Buffer.from(armoured.replaceAll('PUBLIC KEY BLOCK', 'MESSAGE')),
      'has no OpenPGP public',
    ],
    ['only unusable keys', () => writePackets([{ tag: 6, body: Uint8Array.of(3) }]), 'has no OpenPGP public key in it'],
    ['a key that is cut off', () => one.publicBytes.subarray(0, -1), 'ends within a packet'],
    [
      'armour with a letter changed',
      () => Buffer.from(armoured.replace(/(?<=\n\r?\n)x/, 'y')),
      'checksum does not fit',
    ],
    ['armour that is not base64', () => Buffer.from(armoured.replace(/(?<=\n\r?\n)x/, '*')), 'not base64'],
    ['a keybox that is cut off', () => keybox([one.publicBytes]).subarray(0, -1), 'a keybox does not go on like this'],
    ['a keybox without progress', () => Buffer.concat([keybox([]), Buffer.alloc(16)]), 'does not go on like this'],
    ['a keybox whose key lies elsewhere', () => keybox([one.publicBytes], { keyOffset: 9999 }), 'outside of its place'],
  ])('refuses %s', (_, bytes, reason) => {
    expect(() => readKeyRing(bytes(), 'trusted.gpg')).toThrow(
      expect.objectContaining({
        code: 'INVALID_DATA',
        message: expect.stringMatching(`trusted.gpg .*${reason}`) as string,
      }),
    )
  })

  it('refuses noise in good order, whatever it begins with', () => {
    const beginnings = constantFrom(
      new Uint8Array(),
      keybox([]),
      Buffer.from('-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n'),
    )
    assert(
      property(beginnings, uint8Array({ maxLength: 100 }), (beginning, noise) => {
        expect(outcome(Buffer.concat([beginning, noise]))).toBe('INVALID_DATA')
      }),
    )
  })
})

function packets(bytes: Uint8Array) {
  return readPackets(bytes, { what: 'x', maxPackets: 99 })
}

function outcome(bytes: Uint8Array): unknown {
  try {
    return readKeyRing(bytes)
  } catch (error) {
    return error instanceof ImageError ? error.code : error
  }
}
