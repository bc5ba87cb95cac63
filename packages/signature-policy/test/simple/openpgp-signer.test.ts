import { digestOf, parseDockerReference, type SimpleSignature } from '@crossdock/core'
import * as openpgp from 'openpgp'
import { beforeAll, describe, expect, it } from 'vitest'
import { openPgpSigner, type OpenPgpSignerOptions, parseSimplePayload, verifySimpleSignature } from '../../src/index.ts'
import { before, HOUR_MS, makeKey, NOW, type TestKey } from './test-keys.ts'

const bytes = Buffer.from('{}')
const manifest = { bytes, digest: digestOf(bytes), mediaType: 'application/json' }
const identity = parseDockerReference('app:1')
const PASSPHRASE = 'correct horse'

const sign = async (options: OpenPgpSignerOptions): Promise<SimpleSignature> => {
  const signer = await openPgpSigner({ now: () => NOW, ...options })
  expect(signer.format).toBe('simple')
  return (await signer.sign(manifest, identity)) as SimpleSignature
}
const signerOf = async ({ bytes: signature }: SimpleSignature, { publicBytes }: TestKey): Promise<string> =>
  (await verifySimpleSignature(signature, { keyRings: [publicBytes], now: NOW })).signingKey

describe('openPgpSigner', () => {
  let key: TestKey
  let other: TestKey
  beforeAll(async () => {
    key = await makeKey()
    other = await makeKey({ signingSubkey: true })
  })

  it('signs the digest and the whole name, and says when', async () => {
    const { bytes: signature } = await sign({ secretKey: key.secretBytes, creator: 'a test' })
    const { payload, signedAt } = await verifySimpleSignature(signature, { keyRings: [key.publicBytes], now: NOW })
    expect(parseSimplePayload(payload)).toEqual({
      digest: manifest.digest,
      dockerReference: 'docker.io/library/app:1',
      creator: 'a test',
      timestamp: NOW.getTime() / 1000,
    })
    expect(signedAt).toEqual(NOW)
  })

  it.each([
    ['RSA', { type: 'rsa', rsaBits: 2048 }],
    ['ECDSA', { type: 'ecc', curve: 'nistP256' }],
    ['version 6', { type: 'curve25519', config: { v6Keys: true } }],
  ] as const)('signs with a key of %s', async (_, options) => {
    const made = await makeKey(options)
    expect(await signerOf(await sign({ secretKey: made.secretBytes }), made)).toBe(made.fingerprint)
  })

  it('reads armour, and a key of several by its fingerprint', async () => {
    const armoured = Buffer.from(`${key.secret.armor()}\n${other.secret.armor()}`)
    expect(await signerOf(await sign({ secretKey: armoured, fingerprint: key.fingerprint }), key)).toBe(key.fingerprint)
    await expect(sign({ secretKey: armoured })).rejects.toThrow(
      `say which one is meant: ${key.fingerprint}, ${other.fingerprint}`,
    )
  })

  it('signs with the sub-key that may, also if only that one is in the file', async () => {
    const subkey = other.secret.subkeys[0]?.getFingerprint().toUpperCase() ?? ''
    expect(await signerOf(await sign({ secretKey: other.secretBytes }), other)).toBe(subkey)
    expect(await signerOf(await sign({ secretKey: other.secretBytes, fingerprint: subkey }), other)).toBe(subkey)
    const secret = await openpgp.readPrivateKey({ binaryKey: other.secretBytes })
    ;(secret.keyPacket as openpgp.SecretKeyPacket).makeDummy()
    expect(await signerOf(await sign({ secretKey: secret.write() }), other)).toBe(subkey)
  })

  it('opens a key that is protected', async () => {
    const locked = await openpgp.encryptKey({ privateKey: key.secret, passphrase: PASSPHRASE })
    const secretKey = locked.write()
    expect(await signerOf(await sign({ secretKey, passphrase: PASSPHRASE }), key)).toBe(key.fingerprint)
    await expect(sign({ secretKey })).rejects.toThrow('is protected, and no passphrase is given')
    const wrong = sign({ secretKey, passphrase: 'wrong horse' })
    await expect(wrong).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await expect(wrong).rejects.toThrow(/^the passphrase does not open the secret key [0-9A-F]{40}$/)
  })

  it.each<[string, () => Promise<Partial<OpenPgpSignerOptions>> | Partial<OpenPgpSignerOptions>, string]>([
    ['nothing', () => ({ secretKey: new Uint8Array() }), 'has no OpenPGP secret key in it'],
    ['a public key', () => ({ secretKey: key.publicBytes }), 'has no OpenPGP secret key in it'],
    ['another fingerprint', () => ({ fingerprint: 'A'.repeat(40) }), `does not have the secret key ${'A'.repeat(40)}`],
    [
      'a key that has expired',
      async () => ({ secretKey: (await makeKey({ keyExpirationTime: 3600 })).secretBytes }),
      'Primary key is expired',
    ],
    [
      'a key that is revoked',
      async () => {
        const { privateKey } = await openpgp.revokeKey({ key: key.secret, date: before(HOUR_MS), format: 'object' })
        return { secretKey: privateKey.write() }
      },
      'Primary key is revoked',
    ],
    [
      'a weak key',
      async () => ({
        secretKey: (await makeKey({ type: 'rsa', rsaBits: 1024, config: { minRSABits: 1024 } })).secretBytes,
      }),
      'RSA keys shorter than 2048 bits',
    ],
  ])('refuses %s', async (_, options, reason) => {
    const signer = openPgpSigner({ secretKey: key.secretBytes, now: () => NOW, ...(await options()) })
    await expect(signer).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await expect(signer).rejects.toThrow(reason)
  })

  it('stops when it should', async () => {
    const signer = await openPgpSigner({ secretKey: key.secretBytes, now: () => NOW })
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(signer.sign(manifest, identity, { signal })).rejects.toThrow('enough')
  })
})
