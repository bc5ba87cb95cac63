import { ImageError } from '@crossdock/core'
import { assert, asyncProperty, integer } from 'fast-check'
import * as openpgp from 'openpgp'
import { beforeAll, describe, expect, it } from 'vitest'
import { type VerifiedMessage, verifySimpleSignature } from '../../src/index.ts'
import { type OpenPgpPacket, readPackets } from '../../src/simple/openpgp-packets.ts'
import { writePackets } from '../../src/simple/write-packets.ts'
import { bindWithoutConsent, expiringSignature, publicPart } from './forged-packets.ts'
import { asTestKey, before, HOUR_MS, makeKey, NOW, signText, type TestKey } from './test-keys.ts'

const DAY_S = 86_400
const after = (milliseconds: number): Date => before(-milliseconds)

describe('verifySimpleSignature', () => {
  let key: TestKey
  let other: TestKey
  let signature: Uint8Array

  beforeAll(async () => {
    key = await makeKey()
    other = await makeKey()
    signature = await signText('text', key)
  })

  const verify = (
    bytes: Uint8Array,
    { rings = [key.publicBytes], now = NOW }: { rings?: readonly Uint8Array[]; now?: Date } = {},
  ): Promise<VerifiedMessage> => verifySimpleSignature(bytes, { keyRings: rings, now })

  const expectRefused = async (bytes: Uint8Array, reason: string | RegExp, options?: Parameters<typeof verify>[1]) => {
    const outcome = verify(bytes, options)
    await expect(outcome).rejects.toMatchObject({ code: 'REJECTED_BY_POLICY' })
    await expect(outcome).rejects.toThrow(reason)
  }

  it('gives what was signed, by whom and when', async () => {
    expect(await verify(signature)).toEqual({
      payload: Uint8Array.from(Buffer.from('text')),
      fingerprint: key.fingerprint,
      signingKey: key.fingerprint,
      userIds: ['Tess <tess@example.com>'],
      signedAt: before(HOUR_MS),
    })
  })

  it('takes any key of any ring', async () => {
    for (const rings of [
      [other.publicBytes, key.publicBytes],
      [Buffer.concat([other.publicBytes, key.publicBytes])],
      [Buffer.from(other.secret.toPublic().armor() + key.secret.toPublic().armor())],
    ]) {
      expect((await verify(signature, { rings })).fingerprint).toBe(key.fingerprint)
    }
  })

  it('refuses the signature of a key that is not in the rings', async () => {
    await expectRefused(signature, `by the key ${key.fingerprint.slice(-16)}, which is none of the trusted ones`, {
      rings: [other.publicBytes],
    })
    await expectRefused(signature, 'none of the trusted ones', { rings: [] })
  })

  it('refuses rings without a key, as data that is wrong', async () => {
    for (const ring of [new Uint8Array(), Buffer.from('no key'), signature]) {
      await expect(verify(signature, { rings: [ring] })).rejects.toMatchObject({ code: 'INVALID_DATA' })
    }
  })

  it.each([
    ['RSA', { type: 'rsa', rsaBits: 2048 }],
    ['ECDSA on P-256', { type: 'ecc', curve: 'nistP256' }],
    ['ECDSA on P-384', { type: 'ecc', curve: 'nistP384' }],
    ['ECDSA on P-521', { type: 'ecc', curve: 'nistP521' }],
    ['Ed25519 as RFC 9580 has it', { type: 'curve25519' }],
    ['Ed448', { type: 'curve448' }],
    ['Ed25519 in a key of version 6', { type: 'curve25519', config: { v6Keys: true } }],
  ] as const)('verifies %s', async (_, options) => {
    const made = await makeKey(options)
    const verified = await verify(await signText('text', made), { rings: [made.publicBytes] })
    expect(verified.fingerprint).toBe(made.fingerprint)
  })

  it('refuses RSA of less than 2048 bits', async () => {
    const small = await makeKey({ type: 'rsa', rsaBits: 1024, config: { minRSABits: 1024 } })
    const bytes = await signText('text', small, { config: { minRSABits: 1024 } })
    await expectRefused(bytes, 'RSA keys shorter than 2048 bits', { rings: [small.publicBytes] })
  })

  it.each([
    [1, 'MD5'],
    [2, 'SHA-1'],
    [3, 'RIPEMD-160'],
  ])('refuses the hash %s, %s', async (algorithm, name) => {
    const [onePass, literal, packet] = parts(signature)
    const weak = writePackets([change(onePass, 2, algorithm), literal, change(packet, 3, algorithm)])
    await expectRefused(weak, `it is by ${name}, which is too weak`)
  })

  it('says what is wrong with signatures of other versions and kinds', async () => {
    const [onePass, literal, packet] = parts(signature)
    await expectRefused(writePackets([onePass, literal, change(packet, 0, 3)]), 'of version 3')
    await expectRefused(writePackets([onePass, literal, change(packet, 0, 5)]), 'of version 5')
    await expectRefused(writePackets([change(onePass, 1, 1), literal, change(packet, 1, 1)]), 'of the type 1')
  })

  describe('times', () => {
    it('allows clocks to be ten minutes apart', async () => {
      const minutes = async (count: number): Promise<Uint8Array> =>
        signText('text', key, { date: after(count * 60_000) })
      expect((await verify(await minutes(9))).signedAt).toEqual(after(9 * 60_000))
      await expectRefused(await minutes(11), 'dated 2026-03-01T12:11:00.000Z, in the future')
    })

    it('allows them to be apart for a key that was just made, too', async () => {
      const made = await makeKey({ date: after(5 * 60_000) })
      const bytes = await signText('text', made, { date: after(6 * 60_000) })
      expect((await verify(bytes, { rings: [made.publicBytes] })).fingerprint).toBe(made.fingerprint)
    })

    it('refuses a signature that has expired', async () => {
      const packet = await expiringMessage(signature, { key, seconds: 600 })
      expect((await verify(packet, { now: before(HOUR_MS - 599_000) })).fingerprint).toBe(key.fingerprint)
      await expectRefused(packet, 'it expired on 2026-03-01T11:10:00.000Z')
    })

    it('refuses a key that has expired, by now or when it signed', async () => {
      const made = await makeKey({ date: before(10 * DAY_S * 1000), keyExpirationTime: 9 * DAY_S })
      const bytes = await signText('text', made, { date: before(5 * DAY_S * 1000) })
      const rings = [made.publicBytes]
      expect((await verify(bytes, { rings, now: before(2 * DAY_S * 1000) })).fingerprint).toBe(made.fingerprint)
      await expectRefused(bytes, 'Primary key is expired', { rings })
    })

    it('accepts what a key signed before it was extended, of which only the new statement is left', async () => {
      const made = await makeKey({ date: before(10 * DAY_S * 1000), keyExpirationTime: 9 * DAY_S })
      const bytes = await signText('text', made, { date: before(5 * DAY_S * 1000) })
      const { privateKey } = await openpgp.reformatKey({
        privateKey: made.secret,
        userIDs: { name: 'Tess' },
        date: before(HOUR_MS),
        format: 'object',
      })
      const extended = asTestKey(privateKey)
      expect(extended.fingerprint).toBe(made.fingerprint)
      expect((await verify(bytes, { rings: [extended.publicBytes] })).userIds).toEqual(['Tess'])
    })

    it('refuses what is older than its key', async () => {
      const bytes = await signText('text', key)
      const [onePass, literal, packet] = parts(bytes)
      const old = Buffer.from(packet.body)
      // The time is in the first of the hashed subpackets: length, type, four bytes.
      old.writeUInt32BE(before(3 * HOUR_MS).getTime() / 1000, 8)
      await expectRefused(writePackets([onePass, literal, { tag: 2, body: old }]), 'does not hold')
    })
  })

  describe('revocation', () => {
    it('refuses a key that is revoked, for all that it signed', async () => {
      const { publicKey } = await openpgp.revokeKey({ key: key.secret, date: before(60_000), format: 'object' })
      await expectRefused(signature, 'Primary key is revoked', { rings: [publicKey.write()] })
    })

    it('heeds a revocation that only one of several rings has, in any order', async () => {
      const { publicKey } = await openpgp.revokeKey({ key: key.secret, date: before(60_000), format: 'object' })
      await expectRefused(signature, 'Primary key is revoked', { rings: [key.publicBytes, publicKey.write()] })
      await expectRefused(signature, 'Primary key is revoked', { rings: [publicKey.write(), key.publicBytes] })
    })

    it('heeds no revocation by another key', async () => {
      const stranger = await openpgp.revokeKey({ key: other.secret, date: before(60_000), format: 'object' })
      const [revocation] = readPackets(stranger.publicKey.write(), { what: 'x', maxPackets: 99 }).filter(
        ({ tag, body }) => tag === 2 && body[1] === 0x20,
      )
      const [primary, ...rest] = readPackets(key.publicBytes, { what: 'x', maxPackets: 99 })
      const forged = writePackets([primary as OpenPgpPacket, revocation as OpenPgpPacket, ...rest])
      expect((await verify(signature, { rings: [forged] })).fingerprint).toBe(key.fingerprint)
    })
  })

  describe('sub-keys', () => {
    let owner: TestKey
    let bySubkey: Uint8Array
    beforeAll(async () => {
      owner = await makeKey({ signingSubkey: true })
      bySubkey = await signText('text', owner)
    })

    it('are the key that they belong to', async () => {
      const { fingerprint, signingKey } = await verify(bySubkey, { rings: [owner.publicBytes] })
      expect(fingerprint).toBe(owner.fingerprint)
      expect(signingKey).toBe(owner.secret.subkeys[0]?.getFingerprint().toUpperCase())
    })

    it('are refused when they are revoked', async () => {
      const [subkey] = owner.secret.subkeys
      const revoked = await subkey?.revoke(owner.secret.keyPacket as openpgp.SecretKeyPacket, {}, before(60_000))
      const bytes = owner.secret.toPublic()
      bytes.subkeys = [new openpgp.Subkey(publicPart(bytes), bytes)]
      Object.assign(bytes.subkeys[0] ?? {}, {
        bindingSignatures: subkey?.bindingSignatures,
        revocationSignatures: revoked?.revocationSignatures,
      })
      await expectRefused(bySubkey, 'Subkey is revoked', { rings: [bytes.write()] })
    })

    it('are refused when the key that they belong to is', async () => {
      const { publicKey } = await openpgp.revokeKey({ key: owner.secret, date: before(60_000), format: 'object' })
      await expectRefused(bySubkey, 'Primary key is revoked', { rings: [publicKey.write()] })
    })

    it('are refused without the signature of their owner, and with that of another one', async () => {
      const packets = readPackets(owner.publicBytes, { what: 'x', maxPackets: 99 })
      const subkeyAt = packets.findIndex(({ tag }) => tag === 14)
      const unbound = writePackets(packets.slice(0, subkeyAt + 1))
      await expectRefused(bySubkey, 'does not hold', { rings: [unbound] })
      const stolen = Buffer.concat([other.publicBytes, writePackets(packets.slice(subkeyAt))])
      await expectRefused(bySubkey, 'does not hold', { rings: [stolen] })
    })

    it('are refused without a signature of their own that says whose they are', async () => {
      const thief = await openpgp.generateKey({
        userIDs: { name: 'Thief' },
        curve: 'ed25519Legacy',
        date: before(2 * HOUR_MS),
        subkeys: [{ sign: true }],
        format: 'object',
      })
      const [mine] = thief.privateKey.subkeys
      const [theirs] = owner.secret.subkeys
      // The thief binds a sub-key of somebody else; only that sub-key could say yes to it.
      const forged = thief.publicKey
      const packet = await bindWithoutConsent(thief.privateKey, {
        stolen: theirs as openpgp.Subkey,
        own: mine as openpgp.Subkey,
      })
      forged.subkeys = [new openpgp.Subkey(publicPart(owner.secret.toPublic()), forged)]
      Object.assign(forged.subkeys[0] ?? {}, { bindingSignatures: [packet] })
      await expectRefused(bySubkey, /embedded signature|does not hold/, { rings: [forged.write()] })
    })
  })

  it.each([0x20, 0xa0])('refuses what a subpacket of the type %i makes unreadable', async (type) => {
    const [onePass, literal, packet] = parts(signature)
    // The subpacket with the time becomes an embedded signature, which its four bytes are not.
    const unreadable = writePackets([onePass, literal, change(packet, 7, type)])
    await expectRefused(unreadable, 'its signature packet cannot be read: it is of an unsupported kind')
  })

  it('believes nothing that is said outside of what is signed', async () => {
    const [onePass, literal, packet] = parts(signature)
    const forged = writePackets([
      change(onePass, 4, 0),
      literal,
      { tag: 2, body: withUnhashedIssuer(packet.body, Buffer.from(other.fingerprint.slice(-16), 'hex')) },
    ])
    await expectRefused(forged, `by the key ${other.fingerprint} it does not hold`, { rings: [other.publicBytes] })
    await expectRefused(forged, `by the key ${other.fingerprint} it does not hold`, {
      rings: [other.publicBytes, key.publicBytes],
    })
  })

  it('holds for no other payload, whichever byte is changed', async () => {
    await assert(
      asyncProperty(
        integer({ min: 0, max: signature.byteLength - 1 }),
        integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const changed = Buffer.from(signature)
          changed[at] = (changed[at] ?? 0) ^ flip
          const outcome = await verify(changed).then(
            ({ payload, fingerprint }) => `${fingerprint} ${Buffer.from(payload).toString()}`,
            (error: unknown) => (error instanceof ImageError ? error.code : error),
          )
          expect(['REJECTED_BY_POLICY', `${key.fingerprint} text`]).toContain(outcome)
        },
      ),
      { numRuns: 400 },
    )
  })
})

function parts(bytes: Uint8Array): [OpenPgpPacket, OpenPgpPacket, OpenPgpPacket] {
  const [onePass, literal, packet] = readPackets(bytes, { what: 'x', maxPackets: 3 })
  return [onePass as OpenPgpPacket, literal as OpenPgpPacket, packet as OpenPgpPacket]
}

function change({ tag, body }: OpenPgpPacket, at: number, value: number): OpenPgpPacket {
  const copy = Buffer.from(body)
  copy[at] = value
  return { tag, body: copy }
}

/** With an issuer in the part that anybody may write: length, type 16, key ID. */
function withUnhashedIssuer(body: Uint8Array, keyId: Uint8Array): Uint8Array {
  const bytes = Buffer.from(body)
  const start = 6 + bytes.readUInt16BE(4)
  const end = start + 2 + bytes.readUInt16BE(start)
  const issuer = Buffer.concat([Uint8Array.of(0, 10, 9, 16), keyId])
  return Buffer.concat([bytes.subarray(0, start), issuer, bytes.subarray(end)])
}

/** The message with another signature, which expires some seconds after it was made. */
async function expiringMessage(
  message: Uint8Array,
  { key, seconds }: { readonly key: TestKey; readonly seconds: number },
): Promise<Uint8Array> {
  const [onePass, literal] = parts(message)
  return writePackets([onePass, literal, { tag: 2, body: await expiringSignature('text', key, seconds) }])
}
