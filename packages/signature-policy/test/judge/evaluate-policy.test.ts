import { ImageError, parseDigest, type UnparsedImage } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { dockerImage, folders } from '../policy/test-transports.ts'
import { type Claim, DIGEST, fakeVerifiers, image, judge, signature } from './subjects.ts'
import { judgeWith } from '../../src/judge/evaluate-policy.ts'
import { readPolicy } from '../policy/policies.ts'

const ACCEPT = { type: 'insecureAcceptAnything' }
const REJECT = { type: 'reject' }
const ALICE = { type: 'signedBy', keyType: 'GPGKeys', keyPath: '/keys/alice' }
const BOB = { ...ALICE, keyPath: '/keys/bob' }
const SIGSTORE = { type: 'sigstoreSigned', keyPath: '/keys/alice' }
const NAME = 'example.com/app:1'
const GOOD: Claim = { name: NAME }
const OTHER = `sha256:${'0'.repeat(64)}`

const verdict = async (requirements: readonly unknown[], claims: readonly Claim[]) =>
  judge({ default: requirements }, image(dockerImage(NAME), claims.map(signature)))

describe('requirements', () => {
  it.each<[string, readonly unknown[], readonly Claim[], string]>([
    ['anything', [ACCEPT], [], 'accepted: nothing is asked of it'],
    ['nothing', [REJECT], [GOOD], 'rejected: the policy rejects every image of this scope'],
    ['both', [ACCEPT, REJECT], [GOOD], 'rejected: the policy rejects'],
    [
      'a signature, and there is one',
      [ALICE],
      [GOOD],
      'accepted: the signature by the key ALICE vouches for example.com/app:1',
    ],
    ['a signature, and there is none', [ALICE], [], 'rejected: a simple signature is needed, and the image has none'],
    [
      'a signature of another kind',
      [ALICE],
      [{ ...GOOD, format: 'sigstore' }],
      'and the image has none, only 1 of another kind',
    ],
    ['a signature by somebody else', [ALICE], [{ ...GOOD, by: 'bob' }], 'rejected: bob is none of alice'],
    [
      'a signature for another digest',
      [ALICE],
      [{ ...GOOD, digest: OTHER }],
      `the key ALICE is for the manifest ${OTHER}, and this one is ${DIGEST}`,
    ],
    [
      'a signature for another name',
      [ALICE],
      [{ name: 'example.com/app:2' }],
      'the key ALICE vouches for example.com/app:2, but the image is example.com/app:1',
    ],
    ['a signature that is broken', [ALICE], [{ ...GOOD, broken: 'it expired' }], 'rejected: it expired'],
    ['one of several signatures', [ALICE], [{ ...GOOD, by: 'bob' }, { ...GOOD, broken: 'x' }, GOOD], 'accepted: '],
    [
      'none of several',
      [ALICE],
      [{ ...GOOD, by: 'bob' }, { name: 'x:1' }],
      'none of its 2 simple signatures does: 1. bob is none of alice; 2. the signature by the key ALICE vouches for docker.io/library/x:1',
    ],
    ['two signers, and both have signed', [ALICE, BOB], [GOOD, { ...GOOD, by: 'bob' }], 'accepted: '],
    ['two signers, and one has signed', [ALICE, BOB], [GOOD], 'rejected: alice is none of bob'],
    [
      'either of two signers',
      [{ ...ALICE, keyPath: undefined, keyPaths: ['/keys/alice', '/keys/bob'] }],
      [{ ...GOOD, by: 'bob' }],
      'accepted: ',
    ],
    ['a signature and anything', [ALICE, ACCEPT], [], 'rejected: '],
    [
      'a sigstore signature',
      [SIGSTORE],
      [{ ...GOOD, format: 'sigstore' }],
      'accepted: the signature by the key ALICE vouches for',
    ],
    ['a sigstore signature, and there is a simple one', [SIGSTORE], [GOOD], 'a sigstore signature is needed'],
    [
      'a sigstore signature without a name',
      [SIGSTORE],
      [{ format: 'sigstore' }],
      'names no image, only a digest; a policy accepts that with',
    ],
    [
      'the same, opted into',
      [{ ...SIGSTORE, signedIdentity: { type: 'matchDigest' } }],
      [{ format: 'sigstore' }],
      `accepted: the signature by the key ALICE vouches for ${DIGEST}`,
    ],
    [
      'that, for another digest',
      [{ ...SIGSTORE, signedIdentity: { type: 'matchDigest' } }],
      [{ format: 'sigstore', digest: OTHER }],
      'rejected: ',
    ],
    [
      'a key of a kind that nobody checks',
      [{ ...ALICE, keyType: 'X509Certificates' }],
      [GOOD],
      'rejected: signatures by X509Certificates cannot be checked',
    ],
    [
      'a key that is not there',
      [{ ...ALICE, keyPath: '/nowhere' }],
      [GOOD],
      'rejected: the keys that the policy names cannot be used: /nowhere does not exist',
    ],
    [
      'a key file that is empty',
      [{ ...ALICE, keyPath: '/keys/empty' }],
      [GOOD],
      'rejected: the keys that the policy names cannot be used: /keys/empty is empty',
    ],
    [
      'one of two keys that is not there',
      [{ ...ALICE, keyPath: undefined, keyPaths: ['/keys/alice', '/nowhere'] }],
      [GOOD],
      'rejected: ',
    ],
    ['no key at all', [{ ...ALICE, keyPath: undefined, keyPaths: [] }], [GOOD], 'rejected: the policy names no key'],
    [
      'a log that is not there',
      [{ ...SIGSTORE, rekorPublicKeyPath: '/nowhere' }],
      [{ ...GOOD, format: 'sigstore' }],
      'rejected: the keys',
    ],
    [
      'a signed base layer',
      [{ type: 'signedBaseLayer', baseLayerIdentity: { type: 'matchExact' } }],
      [GOOD],
      'rejected: signedBaseLayer is fulfilled by no image',
    ],
    [
      'an archive',
      [{ type: 'appcSignedBy', keyPath: '/keys/alice' }],
      [GOOD],
      'rejected: a signed App Container archive is needed',
    ],
  ])('for %s', async (_, requirements, claims, text) => {
    const judgement = await verdict(requirements, claims)
    expect(`${judgement.outcome}: ${judgement.reason}`).toContain(text)
  })

  it('looks at no signature behind the first good one', async () => {
    const { requirements } = await verdict([ALICE], [{ ...GOOD, by: 'bob' }, GOOD, GOOD])
    expect(requirements[0]?.signatures.map(({ number, outcome }) => [number, outcome])).toEqual([
      [1, 'rejected'],
      [2, 'accepted'],
    ])
  })

  it('looks at 128 signatures at most, and says that there are more', async () => {
    const bad = Array.from({ length: 200 }, () => ({ ...GOOD, by: 'bob' }))
    const { outcome, reason, requirements } = await verdict([ALICE], [...bad, GOOD])
    expect([outcome, requirements[0]?.signatures.length]).toEqual(['rejected', 128])
    expect(reason).toContain('the 73 behind them were not looked at')
  })

  it('reads nothing of an image of which nothing has to be known', async () => {
    const looks = { manifests: 0, signatures: 0 }
    await judge({ default: [ACCEPT, REJECT] }, image(dockerImage(NAME), [], looks))
    expect(looks).toEqual({ manifests: 0, signatures: 0 })
  })

  it('checks an image that has no name against a name of the policy alone', async () => {
    const folder = image(folders.parseReference('/images'), [signature(GOOD)])
    expect((await judge({ default: [ALICE] }, folder)).reason).toContain('the place of the image gives it no such name')
    const exact = { ...ALICE, signedIdentity: { type: 'exactReference', dockerReference: NAME } }
    expect((await judge({ default: [exact] }, folder)).outcome).toBe('accepted')
  })

  it('holds an instance to the name of the whole', async () => {
    const instance = {
      ...image(dockerImage(NAME), [signature(GOOD)]),
      instance: parseDigest(`sha256:${'1'.repeat(64)}`),
    }
    expect(await judge({ default: [ALICE] }, instance)).toMatchObject({
      outcome: 'accepted',
      instance: instance.instance,
    })
  })
})

const required = async (requirements: readonly unknown[], claims: readonly Claim[]) =>
  judge({ default: requirements }, image(dockerImage(NAME), claims.map(signature)), { requireSigned: true })

describe('with requireSigned', () => {
  it('something must have been verified', async () => {
    expect((await required([ACCEPT], [GOOD])).outcome).toBe('rejected')
    expect((await required([ACCEPT], [])).reason).toContain('no requirement verifies one')
    expect((await required([ALICE], [GOOD])).outcome).toBe('accepted')
    expect((await required([ACCEPT, ALICE], [GOOD])).outcome).toBe('accepted')
    expect((await required([ALICE], [])).outcome).toBe('rejected')
  })
})

describe('the judgement', () => {
  it('is a tree of data', async () => {
    const policy = { default: [REJECT], transports: { docker: { 'example.com': [ACCEPT, ALICE] } } }
    const judgement = await judge(
      policy,
      image(dockerImage(NAME), [signature({ ...GOOD, by: 'bob' }), signature(GOOD)]),
    )
    expect(JSON.parse(JSON.stringify(judgement))).toEqual({
      outcome: 'accepted',
      reason: 'the signature by the key ALICE vouches for example.com/app:1',
      image: `docker://${NAME}`,
      digest: DIGEST,
      policy: '/etc/policy.json',
      scope: { transport: 'docker', scope: 'example.com', lookedFor: [NAME, 'example.com/app', 'example.com'] },
      requirements: [
        {
          type: 'insecureAcceptAnything',
          rule: 'anything is accepted, signed or not',
          verifies: false,
          outcome: 'accepted',
          reason: 'anything is accepted',
          signatures: [],
        },
        {
          type: 'signedBy',
          rule: "a simple signature by a key of /keys/alice, for the image's exact name, or its repository if the name is a digest",
          verifies: true,
          outcome: 'accepted',
          reason: 'the signature by the key ALICE vouches for example.com/app:1',
          signatures: [
            { number: 1, format: 'simple', outcome: 'rejected', reason: 'bob is none of alice' },
            {
              number: 2,
              format: 'simple',
              outcome: 'accepted',
              reason: 'the signature by the key ALICE vouches for example.com/app:1',
              evidence: { signer: 'the key ALICE', fingerprint: 'ALICE', digest: DIGEST, identity: NAME },
            },
          ],
        },
      ],
    })
  })

  it('shows no key data', async () => {
    const key = Buffer.from('a key in the policy').toString('base64')
    const judgement = await verdict([{ type: 'signedBy', keyType: 'GPGKeys', keyData: key }], [GOOD])
    expect(judgement.requirements[0]?.rule).toContain('key data in the policy')
    expect(JSON.stringify(judgement)).not.toContain(key)
  })
})

/** An image whose signatures cannot be had. */
const failing = (error: Error): UnparsedImage => ({
  ...image(dockerImage(NAME)),
  signatures: async () => {
    throw error
  },
})

describe('what is no verdict', () => {
  it('a place of signatures that does not answer is thrown, and no acceptance', async () => {
    const down = new ImageError('UNAVAILABLE', 'down')
    await expect(judge({ default: [ALICE] }, failing(down))).rejects.toBe(down)
    await expect(judge({ default: [ACCEPT, ALICE] }, failing(down))).rejects.toBe(down)
  })

  it('what hangs on the image and is no signature is a refusal', async () => {
    for (const code of ['INVALID_DATA', 'LIMIT_EXCEEDED', 'UNSUPPORTED'] as const) {
      const judgement = await judge({ default: [ALICE] }, failing(new ImageError(code, 'signature-1 is noise')))
      expect(judgement.outcome).toBe('rejected')
      expect(judgement.reason).toBe('its signatures cannot be read: signature-1 is noise')
    }
  })

  it('a defect is thrown, and no acceptance', async () => {
    const defect = new TypeError('x is not a function')
    const broken = { ...fakeVerifiers, simple: () => Promise.reject(defect) }
    const subject = image(dockerImage(NAME), [signature(GOOD)])
    const policy = readPolicy({ default: [{ ...ALICE, keyPath: undefined, keyData: 'YQ==' }] })
    await expect(judgeWith(broken, { policy, image: subject, options: {} })).rejects.toBe(defect)
  })

  it('an abort is one, wherever it comes', async () => {
    const reason = new Error('stopped')
    const stop = new AbortController()
    const readFile = async (): Promise<Uint8Array> => {
      stop.abort(reason)
      throw new Error('read was cut')
    }
    const subject = image(dockerImage(NAME), [signature(GOOD)])
    await expect(judge({ default: [ALICE] }, subject, { readFile, signal: stop.signal })).rejects.toBe(reason)
  })
})
