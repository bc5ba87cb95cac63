import { ImageError } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { parsePolicy, type PolicyRequirement } from '../../src/index.ts'
import { everything, readPolicy, readPolicyText } from './policies.ts'
import { transports } from './test-transports.ts'

const ACCEPT = { type: 'insecureAcceptAnything' }
const KEY = { type: 'signedBy', keyType: 'GPGKeys', keyPath: '/keys/a.gpg' }
const SIGSTORE = { type: 'sigstoreSigned', keyPath: '/keys/a.pub' }
const REKOR = { rekorPublicKeyPath: '/keys/rekor.pub' }
const FULCIO = { caPath: '/ca', oidcIssuer: 'https://issuer.example.com', subjectEmail: 'a@example.com' }
const PKI = { caRootsPath: '/ca', subjectEmail: 'a@example.com' }

const requirement = (value: unknown): readonly PolicyRequirement[] => readPolicy({ default: [value] }).default
const identity = (signedIdentity: unknown): readonly PolicyRequirement[] => requirement({ ...KEY, signedIdentity })

function refusal(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    return error instanceof ImageError ? `${error.code} ${error.message}` : String(error)
  }
  return 'accepted'
}

describe('parsePolicy', () => {
  it('reads every requirement and identity', () => {
    const policy = readPolicy(everything)
    expect(policy.file).toBe('/etc/policy.json')
    expect(policy.default).toEqual([{ type: 'reject' }])
    expect([...policy.transports.keys()]).toEqual(['dir', 'docker', 'aci'])
    const docker = policy.transports.get('docker')
    const bytes = Uint8Array.from(Buffer.from('a key'))
    const matchRepoDigestOrExact = { type: 'matchRepoDigestOrExact' }
    expect(docker?.get('example.com/keys')).toEqual([
      {
        type: 'signedBy',
        keyType: 'GPGKeys',
        keys: [{ kind: 'file', path: '/keys/a.gpg' }],
        signedIdentity: matchRepoDigestOrExact,
      },
      {
        type: 'signedBy',
        keyType: 'GPGKeys',
        keys: [
          { kind: 'file', path: '/keys/a.gpg' },
          { kind: 'file', path: '/keys/b.gpg' },
        ],
        signedIdentity: matchRepoDigestOrExact,
      },
      { type: 'signedBy', keyType: 'GPGKeys', keys: [{ kind: 'data', bytes }], signedIdentity: matchRepoDigestOrExact },
    ])
    const identities = docker
      ?.get('example.com/identities')
      ?.map((one) => ('signedIdentity' in one ? one.signedIdentity : one))
    expect(identities).toEqual([
      { type: 'matchExact' },
      { type: 'matchRepoDigestOrExact' },
      { type: 'matchRepository' },
      { type: 'exactReference', dockerReference: { domain: 'example.com', path: 'app', tag: '1' } },
      { type: 'exactRepository', dockerRepository: { domain: 'example.com', path: 'app' } },
      { type: 'remapIdentity', prefix: 'mirror.example.com', signedPrefix: 'example.com/vendor' },
      { type: 'matchDigest' },
    ])
    const trusts = docker
      ?.get('*.example.com')
      ?.map((one) => (one.type === 'sigstoreSigned' ? one.trust.kind : one.type))
    expect(trusts?.join(' ')).toBe('keys keys keys keys fulcio fulcio pki pki')
    expect(policy.transports.get('aci')?.get('/srv')).toHaveLength(4)
  })

  it.each<[string, unknown, string]>([
    ['no default', { transports: {} }, '1:1: "default" is missing'],
    ['an empty default', { default: [] }, '1:12: the list of requirements is empty'],
    ['a default of null', { default: null }, '1:12: it should be a list and is null'],
    ['a default that is an object', { default: ACCEPT }, 'it should be a list and is an object'],
    ['an unknown key', { default: [ACCEPT], transport: {} }, '1:60: the key "transport" is not known here'],
    ['transports of null', { default: [ACCEPT], transports: null }, 'it should be an object and is null'],
    ['transports that are a list', { default: [ACCEPT], transports: [] }, 'it should be an object and is a list'],
    ['a transport of null', { default: [ACCEPT], transports: { x: null } }, 'it should be an object and is null'],
    ['a scope of null', { default: [ACCEPT], transports: { x: { y: null } } }, 'it should be a list and is null'],
    ['an empty scope', { default: [ACCEPT], transports: { x: { y: [] } } }, 'the list of requirements is empty'],
    [
      'a scope that no image has',
      { default: [ACCEPT], transports: { dir: { a: [ACCEPT] } } },
      ':73: it must be an absolute path',
    ],
    [
      'a wrong requirement of an unknown transport',
      { default: [ACCEPT], transports: { x: { y: [{}] } } },
      '"type" is missing',
    ],
    ['a requirement of null', { default: [null] }, 'it should be an object and is null'],
    ['a requirement that is a list', { default: [[ACCEPT]] }, 'it should be an object and is a list'],
  ])('refuses %s', (_, policy, reason) => {
    expect(refusal(() => readPolicy(policy))).toMatch(/^INVALID_DATA \/etc\/policy\.json:1:\d+: /)
    expect(refusal(() => readPolicy(policy))).toContain(reason)
  })

  it.each<[string, string, string]>([
    [
      'a default twice',
      '{"default":[{"type":"reject"}],\n "default":[{"type":"insecureAcceptAnything"}]}',
      ':2:2: the key "default" occurs twice',
    ],
    ['a type twice', '{"default":[{"type":"reject","type":"insecureAcceptAnything"}]}', 'the key "type" occurs twice'],
    [
      'a scope twice',
      '{"default":[{"type":"reject"}],"transports":{"x":{"":[{"type":"reject"}],"":[]}}}',
      'the key "" occurs twice',
    ],
    ['a byte order mark', '\uFEFF{"default":[{"type":"reject"}]}', 'byte order mark'],
    ['trailing text', '{"default":[{"type":"reject"}]}{}', 'it is not JSON'],
    ['a comment', '{"default":[{"type":"reject"}]} // x', 'it is not JSON'],
    [
      'keys through __proto__',
      '{"__proto__":{"default":[{"type":"insecureAcceptAnything"}]}}',
      'the key "__proto__" is not known',
    ],
  ])('refuses %s', (_, text, reason) => {
    expect(refusal(() => readPolicyText(text))).toContain(reason)
  })

  it('says the line and column of what is wrong', () => {
    const text =
      '{\n  "default": [{"type": "reject"}],\n  "transports": {\n    "docker": {\n      "example.com": [{"type": "signedby"}]\n    }\n  }\n}'
    expect(refusal(() => readPolicyText(text))).toContain(
      '/etc/policy.json:5:32: the type of requirement "signedby" is not known; known are insecureAcceptAnything, ',
    )
  })

  it('keeps the scopes of a transport that it does not know, unless told otherwise', () => {
    const text = '{"default":[{"type":"reject"}],"transports":{"atomic":{"any thing":[{"type":"reject"}]}}}'
    expect(readPolicyText(text).transports.get('atomic')?.has('any thing')).toBe(true)
    const read = (): unknown =>
      parsePolicy(new TextEncoder().encode(text), { what: 'p', transports, unknownTransports: 'refuse' })
    expect(refusal(read)).toContain('the transport "atomic" is not known; known are docker, dir')
  })

  it('has no transport that the document does not name', () => {
    const { transports: own } = readPolicyText('{"default":[{"type":"reject"}],"transports":{"constructor":{}}}')
    expect([...own.keys()]).toEqual(['constructor'])
  })
})

describe('requirements', () => {
  it.each<[string, unknown]>([
    ['of an unknown type', { type: 'x' }],
    ['of a type in another case', { type: 'Reject' }],
    ['of a type from Object.prototype', { type: 'constructor' }],
    ['whose type is a number', { type: 1 }],
    ['whose type is a list', { type: ['reject'] }],
    ['reject with another key', { type: 'reject', x: 1 }],
    ['signedBy without keyType', { type: 'signedBy', keyPath: '/a' }],
    ['signedBy of an unknown keyType', { ...KEY, keyType: 'x' }],
    ['signedBy without a key', { type: 'signedBy', keyType: 'GPGKeys' }],
    ['signedBy with an empty path', { ...KEY, keyPath: '' }],
    ['signedBy with two keys', { ...KEY, keyData: 'YQ==' }],
    ['signedBy with keyPath and keyPaths', { ...KEY, keyPaths: ['/a'] }],
    ['signedBy with a path of null', { ...KEY, keyPath: null }],
    ['signedBy with paths of null', { type: 'signedBy', keyType: 'GPGKeys', keyPaths: null }],
    ['signedBy with a null among its paths', { type: 'signedBy', keyType: 'GPGKeys', keyPaths: [null] }],
    ...['!!!', '', 'YQ', 'YQ=', 'Y Q==', 'YQ==YQ==', '=', '_-8='].map(
      (keyData) =>
        [`signedBy with the key data ${keyData}`, { type: 'signedBy', keyType: 'GPGKeys', keyData }] as [
          string,
          unknown,
        ],
    ),
    ['signedBy with another key', { ...KEY, x: 1 }],
    ['signedBaseLayer without identity', { type: 'signedBaseLayer' }],
    ['sigstoreSigned without a key', { type: 'sigstoreSigned' }],
    ['sigstoreSigned with keyType', { ...SIGSTORE, keyType: 'GPGKeys' }],
    ['sigstoreSigned with two keys', { ...SIGSTORE, keyData: 'YQ==' }],
    ['sigstoreSigned with no paths', { type: 'sigstoreSigned', keyPaths: [] }],
    ['sigstoreSigned with no data', { type: 'sigstoreSigned', keyDatas: [] }],
    ['sigstoreSigned with no logs', { ...SIGSTORE, rekorPublicKeyPaths: [] }],
    ['sigstoreSigned with a log twice', { ...SIGSTORE, ...REKOR, rekorPublicKeyData: 'YQ==' }],
    ['sigstoreSigned with key and fulcio', { ...SIGSTORE, fulcio: FULCIO, ...REKOR }],
    ['fulcio without a log', { type: 'sigstoreSigned', fulcio: FULCIO }],
    ['fulcio of null', { type: 'sigstoreSigned', fulcio: null, ...REKOR }],
    ...Object.keys(FULCIO).map(
      (key) =>
        [`fulcio without ${key}`, { type: 'sigstoreSigned', fulcio: { ...FULCIO, [key]: undefined }, ...REKOR }] as [
          string,
          unknown,
        ],
    ),
    ['fulcio with an empty address', { type: 'sigstoreSigned', fulcio: { ...FULCIO, subjectEmail: '' }, ...REKOR }],
    ['fulcio with two authorities', { type: 'sigstoreSigned', fulcio: { ...FULCIO, caData: 'YQ==' }, ...REKOR }],
    ['pki with a log', { type: 'sigstoreSigned', pki: PKI, ...REKOR }],
    ['pki without a subject', { type: 'sigstoreSigned', pki: { caRootsPath: '/ca' } }],
    ['pki without roots', { type: 'sigstoreSigned', pki: { subjectEmail: 'a@example.com' } }],
    ['pki with roots twice', { type: 'sigstoreSigned', pki: { ...PKI, caRootsData: 'YQ==' } }],
    [
      'pki with intermediates twice',
      { type: 'sigstoreSigned', pki: { ...PKI, caIntermediatesPath: '/a', caIntermediatesData: 'YQ==' } },
    ],
    ['appcSignedBy without keys', { type: 'appcSignedBy' }],
    ['appcSignedBy with no stores', { type: 'appcSignedBy', keyStores: [] }],
    ['appcSignedBy with stores and a key', { type: 'appcSignedBy', keyStores: ['/a'], keyPath: '/b' }],
    [
      'appcSignedBy of a name that leads elsewhere',
      { type: 'appcSignedBy', keyPath: '/b', signedIdentity: { type: 'exactName', name: 'a/../b' } },
    ],
    [
      'appcSignedBy with an identity of Docker',
      { type: 'appcSignedBy', keyPath: '/b', signedIdentity: { type: 'matchExact' } },
    ],
  ])('%s is refused', (_, value) => {
    expect(refusal(() => requirement(value))).toMatch(/^INVALID_DATA \/etc\/policy\.json:1:\d+: /)
  })

  it('may name no key by an empty list of paths, which no signature fulfils', () => {
    expect(requirement({ type: 'signedBy', keyType: 'GPGKeys', keyPaths: [] })).toMatchObject([{ keys: [] }])
  })

  it('takes base64 with line breaks, as other readers do', () => {
    expect(requirement({ type: 'signedBy', keyType: 'GPGKeys', keyData: 'YSBr\nZXk=\n' })).toMatchObject([
      { keys: [{ bytes: Uint8Array.from(Buffer.from('a key')) }] },
    ])
  })
})

describe('identities', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['text', 'matchExact'],
    ['without a type', {}],
    ['of an unknown type', { type: 'x' }],
    ['of a type from Object.prototype', { type: 'toString' }],
    ['matchExact with another key', { type: 'matchExact', x: 1 }],
    ['exactReference without a name', { type: 'exactReference' }],
    ['exactReference without tag and digest', { type: 'exactReference', dockerReference: 'example.com/app' }],
    ['exactReference that is no name', { type: 'exactReference', dockerReference: 'A B' }],
    ['exactReference with a repository', { type: 'exactReference', dockerRepository: 'example.com/app:1' }],
    ['exactRepository that is no name', { type: 'exactRepository', dockerRepository: 'A B' }],
    ['remapIdentity without a prefix', { type: 'remapIdentity', signedPrefix: 'example.com' }],
    ['remapIdentity without a signed prefix', { type: 'remapIdentity', prefix: 'example.com' }],
  ])('%s are refused', (_, value) => {
    expect(refusal(() => identity(value))).toMatch(/^INVALID_DATA \/etc\/policy\.json:1:\d+: /)
  })

  it('are matchRepoDigestOrExact if there is none', () => {
    expect(requirement(KEY)).toMatchObject([{ signedIdentity: { type: 'matchRepoDigestOrExact' } }])
  })

  it('exactRepository tolerates a tag', () => {
    const value = { type: 'exactRepository', dockerRepository: 'example.com/app:1' }
    expect(identity(value)).toMatchObject([{ signedIdentity: { dockerRepository: { path: 'app' } } }])
  })
})
