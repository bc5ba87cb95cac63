import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { verifySigstoreSignature } from '../../src/index.ts'
import type { FulcioTrust } from '../../src/sigstore/trust.ts'
import {
  authority,
  CODE_SIGNING,
  issue,
  ISSUER,
  issuerV1,
  issuerV2,
  OTHER_NAME,
  publicPem,
  SERVER_AUTH,
} from './authority.ts'
import {
  certified,
  certifiedAndLogged,
  EMAIL,
  fulcioCertificate,
  type FulcioForm,
  WORKFLOW,
} from './certified-image.ts'
import { integer, sequence, tagged, utf8 } from './der.ts'
import { annotated, ecKeys, logged, OPTIONS, SIGNED_AT } from './signed-image.ts'

const root = authority()
const otherRoot = authority({ name: 'Other CA' })
const sameName = authority()
const intermediate = authority({ name: 'Test intermediate', issuer: root })
const log = ecKeys()
const rekorKeys = [publicPem(log.publicKey)]
const trust: FulcioTrust = {
  kind: 'fulcio',
  ca: Buffer.from(root.pem),
  oidcIssuer: ISSUER,
  subjectEmail: EMAIL,
  rekorKeys,
}

const verify = (form: FulcioForm = {}, change: Partial<FulcioTrust> = {}): ReturnType<typeof verifySigstoreSignature> =>
  verifySigstoreSignature(
    certifiedAndLogged(fulcioCertificate(root, form), log.privateKey),
    { ...trust, ...change },
    OPTIONS,
  )

const check = (signature: ReturnType<typeof certified>, change: Partial<FulcioTrust> = {}): Promise<unknown> =>
  verifySigstoreSignature(signature, { ...trust, ...change }, OPTIONS)

const rejection = (reason: RegExp): object => ({
  code: 'REJECTED_BY_POLICY',
  message: expect.stringMatching(reason) as string,
})

describe('certificates of Fulcio', () => {
  it('says who signed, on whose word, and when', async () => {
    const { evidence } = await verify()
    expect(evidence.signer).toMatchObject({ kind: 'certificate', subjects: [EMAIL], oidcIssuer: ISSUER })
    expect(evidence.log).toEqual({ index: 42, time: SIGNED_AT })
  })

  it.each([
    ['with the first extension alone', { issuers: [issuerV1(ISSUER)] }],
    ['with the second extension alone', { issuers: [issuerV2(ISSUER)] }],
    ['for two addresses of which one is right', { names: { emails: ['other@example.com', EMAIL] } }],
    ['for an address and a URI', { names: { emails: [EMAIL], uris: [WORKFLOW] } }],
    ['with an RSA key', { keys: generateKeyPairSync('rsa', { modulusLength: 2048 }) }],
    ['with more usages', { usages: [SERVER_AUTH, CODE_SIGNING] }],
  ])('takes one %s', async (_, form) => {
    await expect(verify(form)).resolves.toBeDefined()
  })

  it.each<[string, FulcioForm, RegExp]>([
    ['without an issuer', { issuers: [] }, /does not say which OIDC issuer/],
    ['of another issuer', { issuers: [issuerV2('https://evil.example')] }, /"https:\/\/evil\.example", not on/],
    ['of an issuer in another case', { issuers: [issuerV1(ISSUER.toUpperCase())] }, /not on/],
    ['with issuers that differ', { issuers: [issuerV1('https://evil.example'), issuerV2(ISSUER)] }, /that differ/],
    [
      'with issuers that differ, the other way',
      { issuers: [issuerV1(ISSUER), issuerV2('https://evil.example')] },
      /differ/,
    ],
    ['with an extension twice', { issuers: [issuerV1(ISSUER), issuerV1(ISSUER)] }, /occurs twice/],
    ['with an issuer that is no text', { issuers: [{ ...issuerV2(''), value: integer(1) }] }, /is not text/],
    [
      'with something behind the issuer',
      { issuers: [{ ...issuerV2(''), value: Buffer.concat([utf8(ISSUER), utf8('x')]) }] },
      /something behind/,
    ],
    ['with an issuer that is no DER', { issuers: [{ ...issuerV2(''), value: Buffer.from([0x0c, 0x7f]) }] }, /not DER/],
    ['for another address', { names: { emails: ['other@example.com'] } }, /"other@example\.com", not for "signer@/],
    ['for an address in another case', { names: { emails: ['Signer@example.com'] } }, /not for/],
    ['for an address that only begins so', { names: { emails: [`${EMAIL}.evil.example`] } }, /not for/],
    [
      'for an address with a NUL',
      { names: { emails: [`${EMAIL}\0.evil.example`] } },
      /\\u\{0\}.*not for|cannot be read/,
    ],
    ['for a URI that looks so', { names: { uris: [EMAIL] } }, /has no e-mail address/],
    ['for a host that looks so', { names: { hosts: [EMAIL] } }, /has no e-mail address/],
    ['for nobody', { names: {} }, /has no e-mail address|cannot be read/],
    ['for a name of another kind', { names: { others: [OTHER_NAME] } }, /has no e-mail address/],
    ['without a usage', { usages: [] }, /not for code signing/],
    ['for servers', { usages: [SERVER_AUTH] }, /not for code signing/],
    [
      'with a critical extension that nobody knows',
      { more: [{ oid: '1.2.3.4', critical: true, value: integer(1) }] },
      /critical extension/,
    ],
    ['with a weak key', { keys: generateKeyPairSync('rsa', { modulusLength: 1024 }) }, /RSA key of 1024 bits/],
    ['signed with SHA-1', { hash: 'sha1' }, /algorithm that is weak/],
    ['signed by another key', { signedBy: otherRoot.key }, /not signed by the CA that it names/],
    ['expired', { to: new Date(SIGNED_AT.getTime() - 1000) }, /expired at .* before 2024-06-01T12:00:00/],
    ['of the future', { from: new Date(SIGNED_AT.getTime() + 1000) }, /valid from .* not yet/],
  ])('refuses one %s', async (_, form, reason) => {
    await expect(verify(form)).rejects.toMatchObject(rejection(reason))
  })

  it('holds to the second', async () => {
    const { from, to } = { from: SIGNED_AT, to: SIGNED_AT }
    await expect(verify({ from, to })).resolves.toBeDefined()
  })

  it('takes URIs of workloads, which the trust names by themselves', async () => {
    const names = { uris: [WORKFLOW] }
    const uriOnly = { ...trust, subjectEmail: undefined, subjectURI: WORKFLOW }
    await expect(verify({ names }, uriOnly)).resolves.toBeDefined()
    await expect(verify({ names }, { subjectURI: WORKFLOW })).rejects.toMatchObject(rejection(/no e-mail address/))
    const other = { ...uriOnly, subjectURI: `${WORKFLOW}2` }
    await expect(verify({ names }, other)).rejects.toMatchObject(rejection(/the URI .* not for/))
  })

  it.each([
    ['no subject', { subjectEmail: undefined }],
    ['an empty subject', { subjectEmail: '' }],
    ['no issuer', { oidcIssuer: '' }],
    ['no CA', { ca: Buffer.from('') }],
    ['a CA that is none', { ca: Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n') }],
    ['a key instead of a CA', { ca: publicPem(log.publicKey) }],
    ['no log', { rekorKeys: [] }],
  ])('cannot work with %s', async (_, change) => {
    await expect(verify({}, change)).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })
})

describe('the way to the CA', () => {
  const below = fulcioCertificate(intermediate)

  it('goes through what the signature brings along, up to the root', async () => {
    const chain = [intermediate, root]
    await expect(check(certifiedAndLogged(below, log.privateKey, { chain }))).resolves.toBeDefined()
    await expect(check(certifiedAndLogged(below, log.privateKey))).rejects.toMatchObject(rejection(/does not lead to/))
    // The last one is the root, whatever it is.
    const noRoot = certifiedAndLogged(below, log.privateKey, { chain: [intermediate] })
    await expect(check(noRoot)).rejects.toMatchObject(rejection(/does not lead to/))
  })

  it('does not trust what the signature brings along', async () => {
    const forger = authority({ name: 'Test intermediate', issuer: otherRoot })
    const forged = fulcioCertificate(forger)
    for (const chain of [
      [forger, otherRoot],
      [forger, otherRoot, root],
      [forger, otherRoot, intermediate, root],
    ]) {
      await expect(check(certifiedAndLogged(forged, log.privateKey, { chain }))).rejects.toMatchObject(
        rejection(/does not lead to a trusted CA/),
      )
    }
  })

  it('takes intermediates that stand with the CA', async () => {
    const ca = Buffer.from(root.pem + intermediate.pem)
    await expect(check(certifiedAndLogged(below, log.privateKey), { ca })).resolves.toBeDefined()
  })

  it.each([
    ['another CA', otherRoot],
    ['another CA of the same name', sameName],
  ])('ends at the CA and not at %s', async (_, ca) => {
    const leaf = fulcioCertificate(ca)
    await expect(check(certifiedAndLogged(leaf, log.privateKey))).rejects.toMatchObject(rejection(/does not lead to/))
  })

  it.each([
    ['that is none', issue({ name: 'No CA', issuer: root }), /does not lead to/],
    [
      'that expired',
      authority({ name: 'Old CA', issuer: root, to: new Date('2024-02-01T00:00:00Z') }),
      /of a CA expired/,
    ],
    [
      'whose key is weak',
      authority({ name: 'Weak CA', issuer: root, keys: generateKeyPairSync('rsa', { modulusLength: 1024 }) }),
      /the key of a CA is an RSA key/,
    ],
    [
      'that limits names',
      authority({ name: 'Limited CA', issuer: root, extensions: [nameConstraints()] }),
      /limits the names/,
    ],
  ])('does not go through a CA %s', async (_, ca, reason) => {
    const signature = certifiedAndLogged(fulcioCertificate(ca), log.privateKey, { chain: [ca, root] })
    await expect(check(signature)).rejects.toMatchObject(rejection(reason))
  })

  it('keeps to the length that a CA allows', async () => {
    const short = authority({ name: 'Short CA', pathLength: 0 })
    const between = authority({ name: 'Between', issuer: short })
    const ca = Buffer.from(short.pem)
    const direct = certifiedAndLogged(fulcioCertificate(short), log.privateKey)
    await expect(check(direct, { ca })).resolves.toBeDefined()
    const chain = [between, short]
    const long = certifiedAndLogged(fulcioCertificate(between), log.privateKey, { chain })
    await expect(check(long, { ca })).rejects.toMatchObject(rejection(/no such long path/))
  })

  it('does not search for ever', async () => {
    const keys = ecKeys()
    const circle = Array.from({ length: 40 }, () => authority({ name: 'Circle', issuer: otherRoot, keys }))
    const again = Array.from({ length: 20 }, () =>
      authority({
        name: 'Other CA',
        issuer: circle[0] ?? otherRoot,
        keys: { publicKey: otherRoot.publicKey, privateKey: otherRoot.key },
      }),
    )
    const leaf = fulcioCertificate(circle[0] ?? otherRoot)
    const signature = certifiedAndLogged(leaf, log.privateKey, { chain: [...circle, ...again, otherRoot] })
    await expect(check(signature)).rejects.toMatchObject(rejection(/too many ways/))
    const many = certifiedAndLogged(leaf, log.privateKey, { chain: Array.from({ length: 65 }, () => root) })
    await expect(check(many)).rejects.toMatchObject(rejection(/at most 64/))
  })

  it.each([
    ['no certificate', '', /no certificate in PEM form/],
    ['something else', 'x', /no certificate in PEM form/],
    ['two certificates', below.pem + below.pem, /several certificates/],
    ['a certificate without an end', below.pem.replace(/-----END[^]*$/, ''), /has no end/],
    ['a certificate with something behind it', pemWithMore(), /cannot be read/],
    ['a certificate of another key', fulcioCertificate(root).pem, /recorded a signature by another/],
  ])('refuses signatures with %s', async (_, certificate, reason) => {
    const signature = certifiedAndLogged(below, log.privateKey)
    const changed = annotated(signature, { 'dev.sigstore.cosign/certificate': certificate })
    await expect(check(changed)).rejects.toMatchObject(rejection(reason))
  })

  it('does not take a key for what another signed', async () => {
    const mine = fulcioCertificate(root)
    const stolen = annotated(certified(fulcioCertificate(root)), { 'dev.sigstore.cosign/certificate': mine.pem })
    const signature = logged(stolen, { signer: mine.pem, log: log.privateKey })
    await expect(check(signature)).rejects.toMatchObject(rejection(/did not make this signature/))
  })

  it('needs a log, which says when it was signed', async () => {
    await expect(check(certified(fulcioCertificate(root)))).rejects.toMatchObject(rejection(/no annotation/))
    const late = certifiedAndLogged(fulcioCertificate(root), log.privateKey, { at: new Date('2024-06-02T12:00:00Z') })
    await expect(check(late)).rejects.toMatchObject(rejection(/expired at/))
  })

  function pemWithMore(): string {
    const body = Buffer.concat([below.der, Buffer.from([0])]).toString('base64')
    return `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`
  }
})

function nameConstraints(): { oid: string; critical: boolean; value: Uint8Array } {
  const permitted = tagged(0xa0, sequence(tagged(0x81, Buffer.from('example.com'))))
  return { oid: '2.5.29.30', critical: true, value: sequence(permitted) }
}
