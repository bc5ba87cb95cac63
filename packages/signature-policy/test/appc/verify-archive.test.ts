import * as openpgp from 'openpgp'
import { describe, expect, it } from 'vitest'
import { verifyArchiveSignature, type VerifyArchiveOptions } from '../../src/index.ts'
import { before, HOUR_MS, makeKey, NOW, type SigningOptions, signText, type TestKey } from '../simple/test-keys.ts'

const ARCHIVE = Buffer.alloc(300_000, 'an archive ')

/** In pieces, counted. */
function stream(bytes: Uint8Array, reads: { count: number } = { count: 0 }): VerifyArchiveOptions['open'] {
  return async function* () {
    reads.count += 1
    for (let at = 0; at < bytes.byteLength; at += 65_536) yield Uint8Array.from(bytes.subarray(at, at + 65_536))
  }
}

async function sign(
  keys: readonly TestKey[],
  { date = before(HOUR_MS), config = {} }: SigningOptions = {},
  bytes: Uint8Array = ARCHIVE,
): Promise<openpgp.Signature> {
  const binarySignature = await openpgp.sign({
    message: await openpgp.createMessage({ binary: bytes, date }),
    signingKeys: keys.map(({ secret }) => secret),
    detached: true,
    format: 'binary',
    date,
    config,
  })
  return openpgp.readSignature({ binarySignature })
}

const verify = (
  signature: openpgp.Signature | Uint8Array | string,
  keys: readonly TestKey[],
  open: VerifyArchiveOptions['open'] = stream(ARCHIVE),
) => {
  const bytes = signature instanceof openpgp.Signature ? Buffer.from(signature.armor()) : Buffer.from(signature)
  return verifyArchiveSignature(bytes, { keyRings: keys.map(({ publicBytes }) => publicBytes), now: NOW, open })
}

const refused = (message: string) => ({
  code: 'REJECTED_BY_POLICY',
  message: expect.stringContaining(message) as string,
})

describe('verifyArchiveSignature', () => {
  it('takes an armoured and a binary signature', async () => {
    const key = await makeKey()
    const signature = await sign([key])
    expect(await verify(signature, [key])).toMatchObject({ fingerprint: key.fingerprint })
    expect(await verify(signature.write(), [key])).toMatchObject({ fingerprint: key.fingerprint })
  })

  it('names the primary key, whichever of its keys signed', async () => {
    const key = await makeKey({ signingSubkey: true })
    expect(await verify(await sign([key]), [key])).toMatchObject({ fingerprint: key.fingerprint })
  })

  it('takes any good one of several, and reads the archive once for each that is tried', async () => {
    const [one, two, three] = [await makeKey(), await makeKey(), await makeKey()]
    const reads = { count: 0 }
    const signature = await sign([one, two, three])
    expect(await verify(signature, [two], stream(ARCHIVE, reads))).toMatchObject({ fingerprint: two.fingerprint })
    expect(reads.count).toBe(1)
    const blocks = (await sign([one])).armor() + (await sign([two])).armor()
    expect(await verify(blocks, [two])).toMatchObject({ fingerprint: two.fingerprint })
  })

  it('refuses other bytes, another key, and no key', async () => {
    const [key, other] = [await makeKey(), await makeKey()]
    const changed = Buffer.from(ARCHIVE)
    changed[200_000] = 0
    await expect(verify(await sign([key]), [key], stream(changed))).rejects.toMatchObject(refused('it does not hold'))
    await expect(verify(await sign([key]), [key], stream(ARCHIVE.subarray(1)))).rejects.toMatchObject(
      refused('it does not hold'),
    )
    await expect(verify(await sign([key]), [other])).rejects.toMatchObject(refused('none of the trusted ones'))
  })

  it('heeds expiry, time and strength, which rkt did not', async () => {
    const expired = await makeKey({ keyExpirationTime: 3600, date: before(5 * HOUR_MS) })
    await expect(verify(await sign([expired], { date: before(4.5 * HOUR_MS) }), [expired])).rejects.toMatchObject(
      refused('expired'),
    )
    const key = await makeKey()
    const tomorrow = new Date(NOW.getTime() + 24 * HOUR_MS)
    await expect(verify(await sign([key], { date: tomorrow }), [key])).rejects.toMatchObject(refused('in the future'))
    // Behind the packet's header stand version, type, algorithm and hash.
    const weak = Buffer.from((await sign([key])).write())
    weak[5] = openpgp.enums.hash.sha1
    await expect(verify(weak, [key])).rejects.toMatchObject(refused('SHA-1'))
  })

  it.each<[string, (key: TestKey) => Promise<Uint8Array | string>, string]>([
    ['nothing', async () => '', 'is empty'],
    ['text', async () => 'no signature', 'neither armoured nor binary'],
    ['a key', async ({ secret }) => secret.toPublic().armor(), 'is an armoured PUBLIC KEY BLOCK'],
    ['a binary key', async ({ publicBytes }) => publicBytes, 'holds more than OpenPGP signatures'],
    ['a signed message', (key) => signText('x', key), 'holds more than OpenPGP signatures'],
    [
      'a signature with a key behind it',
      async (key) => Buffer.concat([(await sign([key])).write(), key.publicBytes]),
      'holds more than',
    ],
    [
      'clear-signed text',
      async () => '-----BEGIN PGP SIGNED MESSAGE-----\n\nYQ==\n-----END PGP SIGNED MESSAGE-----\n',
      'is an armoured SIGNED MESSAGE',
    ],
    ['two megabytes', async () => Buffer.alloc(2_000_000, 0x88), 'which is too much'],
  ])('refuses %s', async (_, make, reason) => {
    const key = await makeKey()
    await expect(verify(await make(key), [key])).rejects.toMatchObject(refused(reason))
  })

  it('hands on what stops the archive from being read', async () => {
    const key = await makeKey()
    const stopped = new Error('stopped')
    const open: VerifyArchiveOptions['open'] = async function* () {
      yield ARCHIVE.subarray(0, 100)
      throw stopped
    }
    await expect(verify(await sign([key]), [key], open)).rejects.toBe(stopped)
  })
})
