import { ImageError } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { verifySigstoreSignature } from '../../src/index.ts'
import type { PkiTrust } from '../../src/sigstore/trust.ts'
import {
  authority,
  CODE_SIGNING,
  type CertificateForm,
  issue,
  type Names,
  namesExtension,
  OTHER_NAME,
  SERVER_AUTH,
  usageExtension,
} from './authority.ts'
import { certified, EMAIL } from './certified-image.ts'
import { integer } from './der.ts'
import { NOW, OPTIONS } from './signed-image.ts'

const HOST = 'build.example.com'
const root = authority()
const intermediate = authority({ name: 'Test intermediate', issuer: root })
const trust: PkiTrust = { kind: 'pki', roots: Buffer.from(root.pem), subjectEmail: EMAIL }
const hostTrust: PkiTrust = { kind: 'pki', roots: trust.roots, subjectHostname: HOST }

const leaf = (names: Names = { emails: [EMAIL] }, form: CertificateForm = {}): ReturnType<typeof issue> =>
  issue({ issuer: root, name: 'signer', extensions: [usageExtension(CODE_SIGNING), namesExtension(names)], ...form })

const verify = verifySigstoreSignature
const outcomeOf = (signature: ReturnType<typeof certified>, asked: PkiTrust): Promise<string> =>
  verify(signature, asked, OPTIONS).then(
    () => 'accepted',
    (error: unknown) => (error instanceof ImageError ? `${error.code}: ${error.message}` : String(error)),
  )

const rejection = (reason: RegExp): object => ({
  code: 'REJECTED_BY_POLICY',
  message: expect.stringMatching(reason) as string,
})

describe("certificates of one's own authority", () => {
  it('says who signed; there is no log', async () => {
    const { evidence } = await verify(certified(leaf()), trust, OPTIONS)
    expect(evidence.signer).toMatchObject({ kind: 'certificate', subjects: [EMAIL] })
    expect(evidence.log).toBeUndefined()
  })

  it('must be valid now', async () => {
    const signature = certified(
      leaf(undefined, { from: new Date(NOW.getTime() - 1000), to: new Date(NOW.getTime() + 1000) }),
    )
    await expect(verify(signature, trust, OPTIONS)).resolves.toBeDefined()
    const later = { ...OPTIONS, now: new Date(NOW.getTime() + 2000) }
    await expect(verify(signature, trust, later)).rejects.toMatchObject(rejection(/expired/))
    const earlier = { ...OPTIONS, now: new Date(NOW.getTime() - 2000) }
    await expect(verify(signature, trust, earlier)).rejects.toMatchObject(rejection(/not yet/))
  })

  it.each<[string, Names, boolean]>([
    ['the host', { hosts: [HOST] }, true],
    ['one of two hosts', { hosts: ['other.example.com', HOST] }, true],
    ['every host of the domain', { hosts: ['*.example.com'] }, true],
    ['the host in another case', { hosts: ['BUILD.example.com'] }, true],
    ['another host', { hosts: ['other.example.com'] }, false],
    ['hosts of which part is a pattern', { hosts: ['b*.example.com'] }, false],
    ['every host of the domain above', { hosts: ['*.com'] }, false],
    ['every host below', { hosts: [`*.${HOST}`] }, false],
    ['a URI of the host', { uris: [`https://${HOST}`] }, false],
    ['nobody', { emails: [EMAIL] }, false],
  ])('compares the host name with one for %s', async (_, names, accepted) => {
    expect(await outcomeOf(certified(leaf(names)), hostTrust)).toMatch(accepted ? /^accepted$/ : /host name/)
  })

  it('does not count the common name', async () => {
    const certificate = issue({ issuer: root, name: HOST, extensions: [usageExtension(CODE_SIGNING)] })
    await expect(verify(certified(certificate), hostTrust, OPTIONS)).rejects.toMatchObject(rejection(/no host name/))
  })

  it('compares addresses of the network, too', async () => {
    const address = { ...hostTrust, subjectHostname: '192.0.2.1' }
    await expect(verify(certified(leaf({ hosts: ['192.0.2.1'] })), address, OPTIONS)).rejects.toMatchObject(
      rejection(/not for "192\.0\.2\.1"/),
    )
  })

  it('asks for both subjects if both are given', async () => {
    const both = { ...trust, subjectHostname: HOST }
    await expect(verify(certified(leaf({ emails: [EMAIL], hosts: [HOST] })), both, OPTIONS)).resolves.toBeDefined()
    await expect(verify(certified(leaf({ emails: [EMAIL] })), both, OPTIONS)).rejects.toMatchObject(
      rejection(/host name/),
    )
    await expect(verify(certified(leaf({ hosts: [HOST] })), both, OPTIONS)).rejects.toMatchObject(rejection(/e-mail/))
  })

  it.each<[string, CertificateForm, boolean]>([
    ['that does not say what it is for', { extensions: [namesExtension({ emails: [EMAIL] })] }, true],
    [
      'that is for anything',
      { extensions: [usageExtension('2.5.29.37.0'), namesExtension({ emails: [EMAIL] })] },
      true,
    ],
    ['for servers', { extensions: [usageExtension(SERVER_AUTH), namesExtension({ emails: [EMAIL] })] }, false],
    ['for a name of another kind', { extensions: [namesExtension({ others: [OTHER_NAME] }, true)] }, false],
    [
      'with a critical extension that nobody knows',
      { extensions: [namesExtension({ emails: [EMAIL] }), { oid: '1.2.3.4', critical: true, value: integer(1) }] },
      false,
    ],
  ])('judges one %s', async (_, form, accepted) => {
    expect(await outcomeOf(certified(leaf(undefined, form)), trust)).toMatch(
      accepted ? /^accepted$/ : /^REJECTED_BY_POLICY/,
    )
  })

  it('goes through intermediates of the trust and of the signature', async () => {
    const below = leaf(undefined, { issuer: intermediate })
    await expect(verify(certified(below), trust, OPTIONS)).rejects.toMatchObject(rejection(/does not lead to/))
    await expect(verify(certified(below, [intermediate, root]), trust, OPTIONS)).resolves.toBeDefined()
    const known = { ...trust, intermediates: Buffer.from(intermediate.pem) }
    await expect(verify(certified(below), known, OPTIONS)).resolves.toBeDefined()
    const noRoot = { ...known, roots: Buffer.from(authority({ name: 'Other' }).pem) }
    await expect(verify(certified(below), noRoot, OPTIONS)).rejects.toMatchObject(rejection(/does not lead to/))
  })

  it('takes a certificate that is a root itself', async () => {
    const own = issue({ name: 'alone', extensions: [namesExtension({ emails: [EMAIL] })] })
    await expect(verify(certified(own), { ...trust, roots: Buffer.from(own.pem) }, OPTIONS)).resolves.toBeDefined()
  })

  it.each([
    ['no subject', { subjectEmail: undefined }],
    ['an empty subject beside another', { subjectHostname: '' }],
    ['no roots', { roots: Buffer.from('') }],
    ['intermediates that are none', { intermediates: Buffer.from('x') }],
  ])('cannot work with %s', async (_, change) => {
    await expect(verify(certified(leaf()), { ...trust, ...change }, OPTIONS)).rejects.toMatchObject({
      code: 'INVALID_DATA',
    })
  })
})
