import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type ManifestBytes, parseDockerReference } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { sigstoreSigner, verifySigstoreSignature } from '../../src/index.ts'
import { publicPem } from './authority.ts'
import { sealedKey } from './sealed-key.ts'
import { DIGEST, MANIFEST, OPTIONS, REFERENCE } from './signed-image.ts'

const manifest: ManifestBytes = {
  bytes: MANIFEST,
  digest: DIGEST,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
}
const identity = parseDockerReference(REFERENCE)

/** Seconds are what is written. */
const AT = (): Date => new Date(1_700_000_000_999)

const signerWith = (key: KeyObject, more: object = {}): ReturnType<typeof sigstoreSigner> =>
  sigstoreSigner({ privateKey: sealedKey('secret', { key }), passphrase: 'secret', ...more })

describe('signing with a key', () => {
  it.each([
    ['ECDSA', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['ECDSA on P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['Ed25519', () => generateKeyPairSync('ed25519')],
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ])('makes what is verified: %s', async (_, make) => {
    const { publicKey, privateKey } = make()
    const signature = await (await signerWith(privateKey)).sign(manifest, identity)
    if (signature.format !== 'sigstore') throw new Error('it is a simple signature')
    const trust = { kind: 'keys', keys: [publicPem(publicKey)] } as const
    const verified = await verifySigstoreSignature(signature, trust, OPTIONS)
    expect(verified).toMatchObject({ digest: DIGEST, dockerReference: REFERENCE })
  })

  it('tells a passphrase that is wrong from one that is not given', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    await expect(signerWith(privateKey, { passphrase: 'wrong' })).rejects.toThrow('the passphrase does not open')
    await expect(signerWith(privateKey, { passphrase: undefined })).rejects.toThrow('no passphrase is given')
    await expect(sigstoreSigner({ privateKey: sealedKey('', { key: privateKey }) })).resolves.toHaveProperty('format')
  })

  it('writes what skopeo writes', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const signature = await (
      await signerWith(privateKey, { creator: 'crossdock 1.0', now: AT })
    ).sign(manifest, identity)
    expect(signature).toMatchObject({
      format: 'sigstore',
      mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
    })
    expect(Buffer.from(signature.bytes).toString()).toBe(
      `{"critical":{"identity":{"docker-reference":"${REFERENCE}"},"image":{"docker-manifest-digest":"${DIGEST}"},` +
        '"type":"cosign container image signature"},"optional":{"creator":"crossdock 1.0","timestamp":1700000000}}',
    )
  })

  it('needs a name that means one image', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const signer = await signerWith(privateKey)
    await expect(signer.sign(manifest, parseDockerReference('a/b'))).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await expect(signer.sign(manifest, parseDockerReference(`a/b@${DIGEST}`))).resolves.toBeDefined()
  })

  it('ends with the signal', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const signal = AbortSignal.abort(new Error('enough'))
    await expect((await signerWith(privateKey)).sign(manifest, identity, { signal })).rejects.toThrow('enough')
  })

  it('does not sign with a weak key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    await expect(signerWith(privateKey)).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })
})
