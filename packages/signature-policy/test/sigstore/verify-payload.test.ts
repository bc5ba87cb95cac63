import { generateKeyPairSync } from 'node:crypto'
import { digestOf } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { verifySigstoreSignature } from '../../src/index.ts'
import { publicPem, sha256 } from './authority.ts'
import {
  annotated,
  cosignSignature,
  DIGEST,
  ecKeys,
  hashedRekord,
  logged,
  OPTIONS,
  payloadText,
  REFERENCE,
  SIGNED_AT,
} from './signed-image.ts'

const signer = ecKeys()
const other = ecKeys()
const log = ecKeys()
const trust = { kind: 'keys', keys: [publicPem(signer.publicKey)] } as const
const loggedTrust = { ...trust, rekorKeys: [publicPem(log.publicKey)] }
const good = cosignSignature(signer.privateKey)
const entry = { signer: publicPem(signer.publicKey), log: log.privateKey }

const verify = verifySigstoreSignature
const rejection = (reason: RegExp): object => ({
  code: 'REJECTED_BY_POLICY',
  message: expect.stringMatching(reason) as string,
})

describe('signatures by keys', () => {
  it('says which manifest, which name and which key', async () => {
    const der = signer.publicKey.export({ type: 'spki', format: 'der' })
    expect(await verify(good, trust, OPTIONS)).toEqual({
      digest: DIGEST,
      dockerReference: REFERENCE,
      evidence: {
        form: 'payload',
        signer: { kind: 'key', fingerprint: `SHA256:${sha256(der).toString('hex')}` },
        log: undefined,
      },
    })
  })

  it.each([
    ['ECDSA on P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['ECDSA on P-521', () => generateKeyPairSync('ec', { namedCurve: 'P-521' })],
    ['Ed25519', () => generateKeyPairSync('ed25519')],
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ])('takes keys of the kind %s', async (_, make) => {
    const { publicKey, privateKey } = make()
    const keys = [publicPem(publicKey)]
    await expect(verify(cosignSignature(privateKey), { kind: 'keys', keys }, OPTIONS)).resolves.toBeDefined()
    await expect(verify(good, { kind: 'keys', keys }, OPTIONS)).rejects.toMatchObject(rejection(/the key did not make/))
  })

  it('takes one of several keys, wherever it stands', async () => {
    const keys = [publicPem(other.publicKey), publicPem(signer.publicKey)]
    await expect(verify(good, { kind: 'keys', keys }, OPTIONS)).resolves.toBeDefined()
    await expect(verify(good, { kind: 'keys', keys: keys.toReversed() }, OPTIONS)).resolves.toBeDefined()
    const others = [publicPem(other.publicKey), publicPem(log.publicKey)]
    await expect(verify(good, { kind: 'keys', keys: others }, OPTIONS)).rejects.toMatchObject(
      rejection(/^none of the 2 keys/),
    )
  })

  it('does not count keys that are weak, and lets others beside them count', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const keys = [publicPem(weak.publicKey), publicPem(signer.publicKey)]
    await expect(verify(good, { kind: 'keys', keys }, OPTIONS)).resolves.toBeDefined()
    await expect(verify(cosignSignature(weak.privateKey), { kind: 'keys', keys }, OPTIONS)).rejects.toMatchObject(
      rejection(/none of the 2 keys made this signature; public key 1 is an RSA key of 1024 bits/),
    )
  })

  it('does not count keys on curves that sigstore does not use', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
    const keys = [publicPem(publicKey)]
    await expect(verify(cosignSignature(privateKey), { kind: 'keys', keys }, OPTIONS)).rejects.toMatchObject(
      rejection(/public key 1 is on the curve secp256k1/),
    )
  })

  it.each([
    ['none', []],
    ['one that is none', [Buffer.from('no key')]],
    ['one that is none beside a good one', [publicPem(signer.publicKey), Buffer.from('no key')]],
    ['one that is damaged', [Buffer.from('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n')]],
  ])('cannot work with %s', async (_, keys) => {
    await expect(verify(good, { kind: 'keys', keys }, OPTIONS)).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })

  it.each([
    ['no signature', annotated(good, { 'dev.cosignproject.cosign/signature': '' }), /is not base64/],
    ['no base64', annotated(good, { 'dev.cosignproject.cosign/signature': '!!!' }), /is not base64/],
    ['no annotation', { ...good, annotations: {} }, /has no annotation "dev.cosignproject.cosign\/signature"/],
    ['another payload', { ...good, bytes: Buffer.from(payloadText(DIGEST, 'a/b:2')) }, /did not make/],
    ['a signature with a byte more', moreBytes(), /did not make/],
    ['another kind', { ...good, mediaType: 'text/plain\u001b[2J' }, /"text\/plain\\u\{1b\}\[2J" is not a kind/],
    ['a huge payload', { ...good, bytes: Buffer.alloc(2 ** 20 + 1) }, /more than 1048576 bytes/],
    [
      'a huge annotation',
      annotated(good, { 'dev.cosignproject.cosign/signature': 'A'.repeat(2 ** 20 + 4) }),
      /more than/,
    ],
  ])('refuses %s', async (_, signature, reason) => {
    await expect(verify(signature, trust, OPTIONS)).rejects.toMatchObject(rejection(reason))
  })

  it('takes only the annotations of the signature itself', async () => {
    const inherited = Object.create(good.annotations) as Record<string, string>
    await expect(verify({ ...good, annotations: inherited }, trust, OPTIONS)).rejects.toMatchObject(
      rejection(/has no annotation/),
    )
  })

  it('refuses a payload for another manifest', async () => {
    const text = payloadText(`sha256:${'0'.repeat(64)}`)
    await expect(verify(cosignSignature(signer.privateKey, { text }), trust, OPTIONS)).rejects.toMatchObject(
      rejection(/the signature is for sha256:0+, but the manifest is sha256:/),
    )
  })

  it('compares digests of another algorithm with the bytes of the manifest, or not at all', async () => {
    const { manifest = new Uint8Array(), ...bare } = OPTIONS
    const text = payloadText(digestOf(manifest, 'sha512'))
    const signature = cosignSignature(signer.privateKey, { text })
    expect((await verify(signature, trust, OPTIONS)).digest).toMatch(/^sha512:/)
    await expect(verify(signature, trust, bare)).rejects.toMatchObject(rejection(/the signature is for sha512/))
    const damaged = { ...OPTIONS, manifest: Buffer.from('{}') }
    await expect(verify(signature, trust, damaged)).rejects.toMatchObject(rejection(/the signature is for sha512/))
  })

  it('parses nothing that is not signed', async () => {
    const unsigned = { ...cosignSignature(other.privateKey), bytes: Buffer.from('[[[[') }
    await expect(verify(unsigned, trust, OPTIONS)).rejects.toMatchObject(rejection(/did not make/))
  })

  function moreBytes(): typeof good {
    const proper = Buffer.from(good.annotations['dev.cosignproject.cosign/signature'] ?? '', 'base64')
    const longer = Buffer.concat([proper, Buffer.from([0])]).toString('base64')
    return annotated(good, { 'dev.cosignproject.cosign/signature': longer })
  }
})

describe('signatures that a log recorded', () => {
  it('says which entry of the log, and when', async () => {
    const { evidence } = await verify(logged(good, entry), loggedTrust, OPTIONS)
    expect(evidence.log).toEqual({ index: 42, time: SIGNED_AT })
  })

  it('asks a log only if the trust does', async () => {
    await expect(verify(good, loggedTrust, OPTIONS)).rejects.toMatchObject(rejection(/has no annotation "dev.sigstore/))
    const broken = annotated(good, { 'dev.sigstore.cosign/bundle': '{' })
    await expect(verify(broken, trust, OPTIONS)).resolves.toBeDefined()
  })

  it('takes one of several logs', async () => {
    const rekorKeys = [publicPem(other.publicKey), publicPem(log.publicKey)]
    await expect(verify(logged(good, entry), { ...trust, rekorKeys }, OPTIONS)).resolves.toBeDefined()
  })

  it.each([
    ['another log', () => logged(good, { ...entry, log: other.privateKey }), /none of the trusted logs/],
    ['another key', () => logged(good, { ...entry, signer: publicPem(other.publicKey) }), /by another key/],
    ['another signature', () => swapped(cosignSignature(signer.privateKey)), /another signature/],
    [
      'another payload',
      () => logged(good, { ...entry, body: hashedRekord(Buffer.from('{}'), properOf(good), entry) }),
      /something else/,
    ],
    ['another kind', () => logged(good, { ...entry, change: { kind: 'rekord' } }), /hashedrekord 0.0.1/],
    ['another version', () => logged(good, { ...entry, change: { apiVersion: '0.0.2' } }), /hashedrekord 0.0.1/],
    ['no specification', () => logged(good, { ...entry, change: { spec: {} } }), /it must be text/],
    ['a body that is no JSON', () => logged(good, { ...entry, body: Buffer.from('x') }), /the log entry.*not JSON/],
    ['two keys', () => logged(good, { ...entry, signer: twice(entry.signer) }), /not one PEM block/],
    ['no key', () => logged(good, { ...entry, signer: 'x' }), /not one PEM block/],
    ['another time', () => changed('"integratedTime":17', '"integratedTime":16'), /none of the trusted logs/],
    ['a time that is no number', () => changed(/"integratedTime":\d+/, '"integratedTime":"1"'), /whole number/],
    ['a key twice', () => changed('{', '{"Payload":{},'), /occurs twice/],
    ['a key too many', () => changed('{', '{"x":1,'), /no other keys/],
    ['a key too many inside', () => changed('"Payload":{', '"Payload":{"x":1,'), /no other keys/],
    ['a key missing', () => changed(/,"logIndex":42/, ''), /"logIndex" is missing/],
    ['a key in another case', () => changed('SignedEntryTimestamp', 'signedEntryTimestamp'), /is missing/],
    ['nothing', () => annotated(good, { 'dev.sigstore.cosign/bundle': '' }), /not JSON/],
    ['null', () => annotated(good, { 'dev.sigstore.cosign/bundle': 'null' }), /must be an object/],
    ['something deep', () => annotated(good, { 'dev.sigstore.cosign/bundle': '['.repeat(100_000) }), /levels deep/],
  ])('refuses %s', async (_, make, reason) => {
    await expect(verify(make(), loggedTrust, OPTIONS)).rejects.toMatchObject(rejection(reason))
  })

  it('does not care how the entry is laid out, which is signed in its canonical form', async () => {
    const { 'dev.sigstore.cosign/bundle': bundle = '' } = logged(good, entry).annotations
    const { SignedEntryTimestamp, Payload } = JSON.parse(bundle) as { SignedEntryTimestamp: string; Payload: object }
    const reversed = Object.fromEntries(Object.entries(Payload).toReversed())
    const text = JSON.stringify({ Payload: reversed, SignedEntryTimestamp }, undefined, '\t').replace('42', '4.2e1')
    const laidOut = annotated(good, { 'dev.sigstore.cosign/bundle': text })
    await expect(verify(laidOut, loggedTrust, OPTIONS)).resolves.toBeDefined()
  })

  it('knows logs by ECDSA keys alone', async () => {
    const rekorKeys = [publicPem(generateKeyPairSync('ed25519').publicKey)]
    const unusable = { code: 'INVALID_DATA' }
    await expect(verify(logged(good, entry), { ...trust, rekorKeys }, OPTIONS)).rejects.toMatchObject(unusable)
    await expect(verify(logged(good, entry), { ...trust, rekorKeys: [] }, OPTIONS)).rejects.toMatchObject(unusable)
  })
})

function properOf(signature: typeof good): string {
  return signature.annotations['dev.cosignproject.cosign/signature'] ?? ''
}

function twice(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, bytes])
}

/** Another signature by the same key over the same payload, with the log entry of the first. */
function swapped(signature: typeof good): typeof good {
  const { 'dev.sigstore.cosign/bundle': bundle = '' } = logged(good, entry).annotations
  return annotated(signature, { 'dev.sigstore.cosign/bundle': bundle })
}

function changed(from: string | RegExp, to: string): typeof good {
  const { 'dev.sigstore.cosign/bundle': bundle = '' } = logged(good, entry).annotations
  expect(bundle.replace(from, to)).not.toBe(bundle)
  return annotated(good, { 'dev.sigstore.cosign/bundle': bundle.replace(from, to) })
}
