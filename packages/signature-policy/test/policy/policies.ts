import { parsePolicy, type Policy } from '../../src/index.ts'
import { transports } from './test-transports.ts'

export function readPolicy(policy: unknown): Policy {
  return readPolicyText(JSON.stringify(policy))
}

export function readPolicyText(text: string): Policy {
  return parsePolicy(new TextEncoder().encode(text), { what: '/etc/policy.json', transports })
}

const data = (text: string): string => Buffer.from(text).toString('base64')

/** Every requirement and every identity, in every form that they have. */
export const everything = {
  default: [{ type: 'reject' }],
  transports: {
    dir: { '': [{ type: 'insecureAcceptAnything' }] },
    docker: {
      'example.com/keys': [
        { type: 'signedBy', keyType: 'GPGKeys', keyPath: '/keys/a.gpg' },
        { type: 'signedBy', keyType: 'GPGKeys', keyPaths: ['/keys/a.gpg', '/keys/b.gpg'] },
        { type: 'signedBy', keyType: 'GPGKeys', keyData: data('a key') },
      ],
      'example.com/identities': [
        { type: 'matchExact' },
        { type: 'matchRepoDigestOrExact' },
        { type: 'matchRepository' },
        { type: 'exactReference', dockerReference: 'example.com/app:1' },
        { type: 'exactRepository', dockerRepository: 'example.com/app' },
        { type: 'remapIdentity', prefix: 'mirror.example.com', signedPrefix: 'example.com/vendor' },
        { type: 'matchDigest' },
      ].map((signedIdentity) => ({ type: 'signedBy', keyType: 'GPGKeys', keyPath: '/keys/a.gpg', signedIdentity })),
      '*.example.com': [
        { type: 'sigstoreSigned', keyPath: '/keys/a.pub', rekorPublicKeyPath: '/keys/rekor.pub' },
        { type: 'sigstoreSigned', keyPaths: ['/keys/a.pub'], rekorPublicKeyPaths: ['/keys/rekor.pub'] },
        { type: 'sigstoreSigned', keyData: data('a key'), rekorPublicKeyData: data('a log') },
        { type: 'sigstoreSigned', keyDatas: [data('a key')], rekorPublicKeyDatas: [data('a log')] },
        {
          type: 'sigstoreSigned',
          fulcio: { caPath: '/keys/ca.pem', oidcIssuer: 'https://issuer.example.com', subjectEmail: 'a@example.com' },
          rekorPublicKeyPath: '/keys/rekor.pub',
          signedIdentity: { type: 'matchRepository' },
        },
        {
          type: 'sigstoreSigned',
          fulcio: {
            caData: data('ca'),
            oidcIssuer: 'https://issuer.example.com',
            subjectURI: 'https://ci.example.com',
          },
          rekorPublicKeyPath: '/keys/rekor.pub',
        },
        { type: 'sigstoreSigned', pki: { caRootsPath: '/keys/ca.pem', subjectEmail: 'a@example.com' } },
        {
          type: 'sigstoreSigned',
          pki: { caRootsData: data('ca'), caIntermediatesPath: '/keys/between.pem', subjectHostname: 'example.com' },
        },
      ],
      'example.com/base': [{ type: 'signedBaseLayer', baseLayerIdentity: { type: 'matchExact' } }],
    },
    aci: {
      '/srv': [
        { type: 'appcSignedBy', keyStores: ['/usr/lib/rkt/trustedkeys', '/etc/rkt/trustedkeys'] },
        { type: 'appcSignedBy', keyPath: '/keys/a.asc', signedIdentity: { type: 'matchName' } },
        {
          type: 'appcSignedBy',
          keyPaths: ['/keys/a.asc'],
          signedIdentity: { type: 'exactName', name: 'example.com/app' },
        },
        { type: 'appcSignedBy', keyData: data('a key'), signedIdentity: { type: 'namePrefix', prefix: 'example.com' } },
      ],
    },
  },
}
