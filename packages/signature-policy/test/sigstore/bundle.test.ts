import { generateKeyPairSync } from 'node:crypto'
import { digestOf } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { verifySigstoreSignature } from '../../src/index.ts'
import type { FulcioTrust, SigstoreTrust } from '../../src/sigstore/trust.ts'
import { authority, ISSUER, issue, namesExtension, publicPem } from './authority.ts'
import {
  bundle,
  BUNDLE_TYPE,
  certificateMaterial,
  envelope,
  keyMaterial,
  logEntry,
  type Logged,
  messageSignature,
  type SignedContent,
  statement,
} from './bundle-writer.ts'
import { EMAIL, fulcioCertificate } from './certified-image.ts'
import { DIGEST, ecKeys, MANIFEST, OPTIONS, SIGNED_AT } from './signed-image.ts'

const signer = ecKeys()
const other = ecKeys()
const log = ecKeys()
const root = authority()
const trust = { kind: 'keys', keys: [publicPem(signer.publicKey)] } as const
const loggedTrust = { ...trust, rekorKeys: [publicPem(log.publicKey)] }
const fulcioTrust: FulcioTrust = {
  kind: 'fulcio',
  ca: Buffer.from(root.pem),
  oidcIssuer: ISSUER,
  subjectEmail: EMAIL,
  rekorKeys: loggedTrust.rekorKeys,
}
const material = keyMaterial(signer.publicKey)
const signed = envelope(signer.privateKey)
const form: Logged = { log, signer: publicPem(signer.publicKey) }

const withEntry = (change: Partial<Logged> = {}, content = signed): ReturnType<typeof bundle> =>
  bundle(content, material, { entries: [logEntry(content, { ...form, ...change })] })

const verify = verifySigstoreSignature
const rejection = (reason: RegExp): object => ({
  code: 'REJECTED_BY_POLICY',
  message: expect.stringMatching(reason) as string,
})

describe('bundles signed with a key', () => {
  it('names a digest and no image', async () => {
    const { digest, dockerReference, evidence } = await verify(bundle(signed, material), trust, OPTIONS)
    expect({ digest, dockerReference }).toEqual({ digest: DIGEST, dockerReference: undefined })
    expect(evidence).toMatchObject({ form: 'bundle', signer: { kind: 'key' } })
  })

  it('may sign the manifest itself', async () => {
    const signature = bundle(messageSignature(signer.privateKey, MANIFEST), material)
    expect(await verify(signature, trust, OPTIONS)).toMatchObject({ digest: DIGEST })
    const { manifest: _, ...bare } = OPTIONS
    await expect(verify(signature, trust, bare)).rejects.toMatchObject(rejection(/bytes are not at hand/))
    const otherManifest = { ...OPTIONS, manifest: Buffer.from('{}') }
    await expect(verify(signature, trust, otherManifest)).rejects.toMatchObject(rejection(/something else/))
  })

  it.each([
    'application/vnd.dev.sigstore.bundle+json;version=0.1',
    'application/vnd.dev.sigstore.bundle+json;version=0.2',
    'application/vnd.dev.sigstore.bundle+json;version=0.3',
    BUNDLE_TYPE,
  ])('reads %s', async (mediaType) => {
    await expect(verify(bundle(signed, material, { mediaType }), trust, OPTIONS)).resolves.toBeDefined()
  })

  it.each([
    ['Ed25519', () => generateKeyPairSync('ed25519')],
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ])('takes keys of the kind %s, one of several', async (_, make) => {
    const { publicKey, privateKey } = make()
    const keys = [publicPem(other.publicKey), publicPem(publicKey)]
    const signature = bundle(envelope(privateKey), keyMaterial(publicKey))
    await expect(verify(signature, { kind: 'keys', keys }, OPTIONS)).resolves.toBeDefined()
    await expect(verify(signature, trust, OPTIONS)).rejects.toMatchObject(rejection(/did not make this signature/))
  })

  it.each<[string, SignedContent, RegExp]>([
    ['another digest', of(statement({ subject: [{ digest: { sha256: '0'.repeat(64) } }] })), /is for sha256:0+/],
    ['no digest', of(statement({ subject: [{ digest: {} }] })), /no digest to compare/],
    [
      'a digest that is none',
      of(statement({ subject: [{ digest: { sha256: [DIGEST.slice(7)] } }] })),
      /no digest to compare/,
    ],
    ['two subjects', of(statement({ subject: twice({ digest: { sha256: DIGEST.slice(7) } }) })), /exactly one/],
    ['no subject', of(statement({ subject: [] })), /exactly one/],
    ['an attestation', of(statement({ predicateType: 'https://slsa.dev/provenance/v1' })), /an attestation \(https/],
    ['another kind of statement', of(statement({ _type: 'https://example.com' })), /no in-toto statement/],
    ['a key twice', of(Buffer.from(statement().toString().replace('{', '{"subject":[],'))), /occurs twice/],
    ['no JSON', of(Buffer.from('x')), /not JSON/],
    ['something deep', of(Buffer.from('['.repeat(10_000))), /levels deep/],
    [
      'another type of payload',
      envelope(signer.privateKey, { payloadType: 'text/plain' }),
      /does not hold an in-toto statement/,
    ],
    ['a payload that was exchanged', { ...signed, member: exchanged() }, /did not make this signature/],
  ])('refuses statements with %s', async (_, content, reason) => {
    await expect(verify(bundle(content, material), trust, OPTIONS)).rejects.toMatchObject(rejection(reason))
  })

  it('compares digests of another algorithm with the bytes of the manifest', async () => {
    const subject = [{ digest: { sha512: digestOf(MANIFEST, 'sha512').slice('sha512:'.length) } }]
    const signature = bundle(of(statement({ subject })), material)
    expect((await verify(signature, trust, OPTIONS)).digest).toMatch(/^sha512:/)
  })

  it.each([
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['an empty object', '{}'],
    ['a key twice', text(bundle(signed, material)).replace('{', '{"mediaType":"",')],
    ['no signature', text(bundle({ ...signed, member: unsigned() }, material))],
    ['two signatures', text(bundle({ ...signed, member: signedTwice() }, material))],
    ['__proto__', '{"__proto__":{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}}'],
    ['something deep', '{"a":'.repeat(5000)],
    ['something huge', `"${'x'.repeat(2 ** 20)}"`],
    [
      'nine log entries',
      text(bundle(signed, material, { entries: Array.from({ length: 9 }, () => logEntry(signed, form)) })),
    ],
  ])('refuses %s', async (_, document) => {
    const signature = { ...bundle(signed, material), bytes: Buffer.from(document) }
    await expect(verify(signature, trust, OPTIONS)).rejects.toMatchObject({ code: 'REJECTED_BY_POLICY' })
  })

  it('is not read as another kind of signature than it is said to be', async () => {
    const asPayload = { ...bundle(signed, material), mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json' }
    await expect(verify(asPayload, trust, OPTIONS)).rejects.toMatchObject(rejection(/no annotation/))
  })

  function of(payload: Uint8Array): SignedContent {
    return envelope(signer.privateKey, { payload })
  }

  function exchanged(): object {
    const { dsseEnvelope } = signed.member as { dsseEnvelope: object }
    const payload = Buffer.from(statement({ predicate: { x: 1 } })).toString('base64')
    return { dsseEnvelope: { ...dsseEnvelope, payload } }
  }

  function unsigned(): object {
    const { dsseEnvelope } = signed.member as { dsseEnvelope: object }
    return { dsseEnvelope: { ...dsseEnvelope, signatures: [] } }
  }

  function signedTwice(): object {
    const { dsseEnvelope } = signed.member as { dsseEnvelope: { signatures: readonly object[] } }
    return { dsseEnvelope: { ...dsseEnvelope, signatures: twice(dsseEnvelope.signatures[0] ?? {}) } }
  }
})

describe('bundles that a log recorded', () => {
  it.each([
    ['a promise and a proof', {}],
    ['a promise alone', { inclusionProof: undefined }],
    ['a proof alone', { inclusionPromise: undefined }],
  ])('takes %s', async (_, entry) => {
    // Bundles without a proof are of version 0.1.
    const mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.1'
    const older = 'inclusionProof' in entry ? { mediaType } : {}
    const signature = bundle(signed, material, { entries: [logEntry(signed, { ...form, entry })], ...older })
    const { evidence } = await verify(signature, loggedTrust, OPTIONS)
    const time = 'inclusionPromise' in entry ? {} : { time: SIGNED_AT }
    expect(evidence.log).toEqual({ index: 42, ...time })
  })

  it('takes entries for signatures of the manifest itself', async () => {
    const content = messageSignature(signer.privateKey, MANIFEST)
    await expect(verify(withEntry({}, content), loggedTrust, OPTIONS)).resolves.toBeDefined()
  })

  it('does not ask a log unless the trust does', async () => {
    await expect(verify(withEntry({ log: other }), trust, OPTIONS)).resolves.toBeDefined()
    await expect(verify(bundle(signed, material), loggedTrust, OPTIONS)).rejects.toMatchObject(rejection(/no entry/))
  })

  it.each<[string, Partial<Logged>, RegExp]>([
    ['another log', { log: other }, /inclusion promise/],
    ['another key', { signer: publicPem(other.publicKey) }, /by another key/],
    ['another kind', { entry: { kindVersion: { kind: 'rekord', version: '0.0.1' } } }, /cannot be checked|kind/],
    ['another version', { entry: { kindVersion: { kind: 'dsse', version: '0.0.2' } } }, /./],
    ['another time', { entry: { integratedTime: '1' } }, /inclusion promise/],
    ['another index', { entry: { logIndex: '43' } }, /inclusion promise/],
    ['neither promise nor proof', { entry: { inclusionPromise: undefined, inclusionProof: undefined } }, /invalid/],
    ['a body of another signature', { body: { spec: {} } }, /./],
    ['no body', { entry: { canonicalizedBody: '' } }, /./],
    ['a name that is a pattern', { name: '(a+)+$' }, /strange name/],
  ])('refuses %s', async (_, change, reason) => {
    await expect(verify(withEntry(change), loggedTrust, OPTIONS)).rejects.toMatchObject(rejection(reason))
  })

  it.each([
    [
      'another root',
      (proof: Proof) => ({
        ...proof,
        checkpoint: { envelope: replaced(proof, /\n2\n[^\n]+/, `\n2\n${'A'.repeat(43)}=`) },
      }),
    ],
    ['another sibling', (proof: Proof) => ({ ...proof, hashes: ['A'.repeat(43)] })],
    ['no sibling', (proof: Proof) => ({ ...proof, hashes: [] })],
    ['another place', (proof: Proof) => ({ ...proof, logIndex: '0' })],
    ['a place outside', (proof: Proof) => ({ ...proof, logIndex: '2' })],
    ['no signature', (proof: Proof) => ({ ...proof, checkpoint: { envelope: replaced(proof, /\u2014[^]*$/, '') } })],
    ['a checkpoint that is none', (proof: Proof) => ({ ...proof, checkpoint: { envelope: 'x' } })],
    [
      'many signatures',
      (proof: Proof) => ({ ...proof, checkpoint: { envelope: replaced(proof, /(\u2014.*\n)/, '$1'.repeat(20)) } }),
    ],
  ])('refuses a proof with %s', async (_, change) => {
    const entry = logEntry(signed, form) as { inclusionProof: Proof }
    const changed = { ...entry, inclusionProof: change(entry.inclusionProof) }
    const signature = bundle(signed, material, { entries: [changed] })
    await expect(verify(signature, loggedTrust, OPTIONS)).rejects.toMatchObject({ code: 'REJECTED_BY_POLICY' })
  })

  interface Proof {
    readonly checkpoint: { readonly envelope: string }
  }

  function replaced({ checkpoint: { envelope: note } }: Proof, from: RegExp, to: string): string {
    expect(note.replace(from, to)).not.toBe(note)
    return note.replace(from, to)
  }
})

describe('bundles signed with a certificate', () => {
  const leaf = fulcioCertificate(root)
  const content = envelope(leaf.key)
  const keyless = (change: Partial<Logged> = {}, certificate = leaf): ReturnType<typeof bundle> =>
    bundle(content, certificateMaterial(certificate), {
      entries: [logEntry(content, { log, signer: certificate.pem, ...change })],
    })

  it('says who signed and when', async () => {
    const { evidence } = await verify(keyless(), fulcioTrust, OPTIONS)
    expect(evidence.signer).toMatchObject({ kind: 'certificate', subjects: [EMAIL], oidcIssuer: ISSUER })
    expect(evidence.log).toEqual({ index: 42, time: SIGNED_AT })
  })

  it('takes signatures of the manifest itself', async () => {
    const message = messageSignature(leaf.key, MANIFEST)
    const entries = [logEntry(message, { log, signer: leaf.pem })]
    await expect(
      verify(bundle(message, certificateMaterial(leaf), { entries }), fulcioTrust, OPTIONS),
    ).resolves.toBeDefined()
  })

  it('takes the chain of older bundles', async () => {
    const intermediate = authority({ name: 'Test intermediate', issuer: root })
    const below = fulcioCertificate(intermediate)
    const signed2 = envelope(below.key)
    const certificates = [below, intermediate].map(({ der }) => ({ rawBytes: Buffer.from(der).toString('base64') }))
    const entries = [logEntry(signed2, { log, signer: below.pem })]
    const mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.2'
    const signature = bundle(signed2, { x509CertificateChain: { certificates } }, { entries, mediaType })
    await expect(verify(signature, fulcioTrust, OPTIONS)).resolves.toBeDefined()
  })

  it.each<[string, () => ReturnType<typeof bundle>, RegExp]>([
    ['of another CA', () => resigned(fulcioCertificate(authority({ name: 'Other' }))), /does not lead to/],
    [
      'for another address',
      () => resigned(fulcioCertificate(root, { names: { emails: ['x@example.com'] } })),
      /not for/,
    ],
    ['of another issuer', () => resigned(fulcioCertificate(root, { issuers: [] })), /OIDC issuer/],
    ['with another key', () => keyless({}, fulcioCertificate(root)), /signature verification failed/],
    ['after it expired', () => keyless({ at: new Date(SIGNED_AT.getTime() + 3_600_000) }), /expired at/],
    ['without a log', () => bundle(content, certificateMaterial(leaf)), /no entry of a log/],
    [
      'with a log that promises no time',
      () => keyless({ entry: { inclusionPromise: undefined } }),
      /when it was signed/,
    ],
    ['in another log', () => keyless({ log: other }), /inclusion promise/],
    ['recorded for another certificate', () => keyless({ signer: fulcioCertificate(root).pem }), /by another key/],
  ])('refuses one %s', async (_, make, reason) => {
    await expect(verify(make(), fulcioTrust, OPTIONS)).rejects.toMatchObject(rejection(reason))
  })

  it('must hold at the time of every log', async () => {
    const late = logEntry(content, { log, signer: leaf.pem, at: new Date(SIGNED_AT.getTime() + 3_600_000) })
    const entries = [logEntry(content, { log, signer: leaf.pem }), late]
    await expect(
      verify(bundle(content, certificateMaterial(leaf), { entries }), fulcioTrust, OPTIONS),
    ).rejects.toMatchObject(rejection(/expired at/))
  })

  it("may be of one's own authority, valid now", async () => {
    const own = issue({ issuer: root, name: 'signer', extensions: [namesExtension({ emails: [EMAIL] })] })
    const pki: SigstoreTrust = { kind: 'pki', roots: Buffer.from(root.pem), subjectEmail: EMAIL }
    const signature = bundle(envelope(own.key), certificateMaterial(own))
    await expect(verify(signature, pki, OPTIONS)).resolves.toMatchObject({ digest: DIGEST })
    const late = { ...OPTIONS, now: new Date('2040-01-01T00:00:00Z') }
    await expect(verify(signature, pki, late)).rejects.toMatchObject(rejection(/expired/))
    const forged = bundle(envelope(other.privateKey), certificateMaterial(own))
    await expect(verify(forged, pki, OPTIONS)).rejects.toMatchObject(rejection(/signature verification failed/))
  })

  it('is not a key, and a key is no certificate', async () => {
    await expect(verify(keyless(), trust, OPTIONS)).rejects.toMatchObject(rejection(/asks for a key/))
    await expect(verify(bundle(signed, material), fulcioTrust, OPTIONS)).rejects.toMatchObject(
      rejection(/asks for a certificate/),
    )
  })

  function resigned(certificate: typeof leaf): ReturnType<typeof bundle> {
    const mine = envelope(certificate.key)
    const entries = [logEntry(mine, { log, signer: certificate.pem })]
    return bundle(mine, certificateMaterial(certificate), { entries })
  }
})

function twice<Value>(value: Value): readonly Value[] {
  return [value, value]
}

function text({ bytes }: ReturnType<typeof bundle>): string {
  return Buffer.from(bytes).toString('utf8')
}
