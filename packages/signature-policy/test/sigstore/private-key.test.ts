import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { ImageError } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { generateSigstoreKey, sigstoreSigner } from '../../src/index.ts'
import { readPrivateKey } from '../../src/sigstore/keys/private-key.ts'
import { readPem } from '../../src/sigstore/pem.ts'
import { pemOf } from './authority.ts'
import { pkcs8, sealedBox, type SealedBox, sealedKey } from './sealed-key.ts'

const PASSPHRASE = 'correct horse'
const made = await generateSigstoreKey({ passphrase: PASSPHRASE })
const { privateKey: quick } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const box = sealedBox(PASSPHRASE, pkcs8(quick))

const keyFile = (content: unknown): Uint8Array =>
  Buffer.from(pemOf('ENCRYPTED SIGSTORE PRIVATE KEY', Buffer.from(JSON.stringify(content))))

describe('keys that are made', () => {
  it('are on P-256, and belong together', async () => {
    const key = await readPrivateKey(made.privateKey, PASSPHRASE)
    expect(key.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' })
    expect(createPublicKey(key).export({ type: 'spki', format: 'pem' })).toBe(Buffer.from(made.publicKey).toString())
  })

  it('have the form that cosign reads', () => {
    expect(Buffer.from(made.privateKey).toString()).toMatch(/^-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\n/)
    const { kdf, cipher } = JSON.parse(
      Buffer.from(readPem(made.privateKey, 'key')[0]?.bytes ?? '').toString(),
    ) as SealedBox
    expect(kdf).toMatchObject({ name: 'scrypt', params: { N: 65_536, r: 8, p: 1 } })
    expect(Buffer.from(kdf.salt, 'base64')).toHaveLength(32)
    expect(cipher.name).toBe('nacl/secretbox')
    expect(Buffer.from(cipher.nonce, 'base64')).toHaveLength(24)
  })

  it('are never the same', async () => {
    const again = await generateSigstoreKey({ passphrase: '' })
    expect(again.publicKey).not.toEqual(made.publicKey)
    await expect(readPrivateKey(again.privateKey, '')).resolves.toBeDefined()
  })
})

describe('keys that are read', () => {
  it.each(['ENCRYPTED SIGSTORE PRIVATE KEY', 'ENCRYPTED COSIGN PRIVATE KEY'])('are labelled %s', async (label) => {
    const key = await readPrivateKey(sealedKey(PASSPHRASE, { key: quick, label }), PASSPHRASE)
    expect(key.equals(quick)).toBe(true)
  })

  it('need their passphrase, which no message holds', async () => {
    const privateKey = sealedKey(PASSPHRASE, { key: quick })
    const failure: unknown = await sigstoreSigner({ privateKey, passphrase: 'wrong secret' }).catch(
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(ImageError)
    expect(failure).toMatchObject({ code: 'INVALID_DATA', message: expect.stringContaining('passphrase') as string })
    expect(JSON.stringify(failure) + String(failure)).not.toContain('wrong secret')
    await expect(sigstoreSigner({ privateKey })).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })

  it.each([
    ['no PEM', Buffer.from('x')],
    ['a key that is not encrypted', plainKey()],
    ['no JSON', Buffer.from(pemOf('ENCRYPTED COSIGN PRIVATE KEY', Buffer.from('x')))],
    ['another derivation', keyFile({ ...box, kdf: { ...box.kdf, name: 'pbkdf2' } })],
    ['another cipher', keyFile({ ...box, cipher: { ...box.cipher, name: 'aes' } })],
    ['a short nonce', keyFile({ ...box, cipher: { ...box.cipher, nonce: 'AAAA' } })],
    ['a key too many', keyFile({ ...box, x: 1 })],
    ['a key too few', keyFile({ kdf: box.kdf, cipher: box.cipher })],
    ['a changed ciphertext', keyFile({ ...box, ciphertext: `AAAA${box.ciphertext.slice(4)}` })],
    ['a short ciphertext', keyFile({ ...box, ciphertext: 'AAAA' })],
    ['N no power of two', keyFile(withParameters({ N: 65_535, r: 8, p: 1 }))],
    ['N of one', keyFile(withParameters({ N: 1, r: 8, p: 1 }))],
    ['N a text', keyFile(withParameters({ N: '65536', r: 8, p: 1 }))],
  ])('are refused with %s', async (_, privateKey) => {
    await expect(readPrivateKey(privateKey, PASSPHRASE)).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })

  it.each([
    { N: 2 ** 30, r: 8, p: 1 },
    { N: 65_536, r: 2 ** 20, p: 1 },
    { N: 65_536, r: 8, p: 2 ** 20 },
    { N: 2 ** 52, r: 1, p: 1 },
  ])('may not ask for much memory or time: $N, $r, $p', async (parameters) => {
    await expect(readPrivateKey(keyFile(withParameters(parameters)), PASSPHRASE)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    })
  })

  it('must hold a key in PKCS #8', async () => {
    const privateKey = sealedKey('', { content: Buffer.from('no key') })
    await expect(readPrivateKey(privateKey, '')).rejects.toThrow(/PKCS #8/)
  })

  function withParameters(params: object): object {
    return { ...box, kdf: { ...box.kdf, params } }
  }
})

function plainKey(): Uint8Array {
  const pem =
    '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n'
  return Buffer.from(createPrivateKey(pem).export({ type: 'pkcs8', format: 'pem' }))
}
