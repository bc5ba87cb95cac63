import { exactly, policy, type PolicyText, signedBy, sigstoreSigned } from './policies.ts'

/** Policies that signatures are judged by, those of OpenPGP. */
export function simplePolicies(reference: string): Readonly<Record<string, PolicyText>> {
  const identity = exactly(reference)
  const all = [
    'second',
    'ed25519',
    'nistp256',
    'nistp521',
    'dsa',
    'weak',
    'expired',
    'revoked',
    'subkey',
    'subkeyRevoked',
    'good',
  ]
  return {
    good: policy([signedBy('good.gpg', identity)]),
    'any key': policy([
      { type: 'signedBy', keyType: 'GPGKeys', keyPaths: all.map((name) => `{{KEYS}}/${name}.gpg`), ...identity },
    ]),
    second: policy([signedBy('second.gpg', identity)]),
    repository: policy([
      signedBy('good.gpg', {
        signedIdentity: { type: 'exactRepository', dockerRepository: reference.replace(/:[^:/]*$/, '') },
      }),
    ]),
  }
}

export function sigstorePolicies(reference: string): Readonly<Record<string, PolicyText>> {
  const identity = exactly(reference)
  const of = (change: object): PolicyText => policy([sigstoreSigned({ ...identity, ...change })])
  const rekor = { rekorPublicKeyPath: '{{KEYS}}/rekor.pub' }
  const fulcio = {
    caPath: '{{KEYS}}/root.crt',
    oidcIssuer: 'https://issuer.example.com',
    subjectEmail: 'signer@example.com',
  }
  const pki = { caRootsPath: '{{KEYS}}/root.crt', subjectEmail: 'signer@example.com' }
  const names = ['p256', 'p384', 'p521', 'rsa2048', 'rsa1024', 'ed25519']
  return {
    p256: of({ keyPath: '{{KEYS}}/p256.pub' }),
    'any key': of({ keyPaths: names.map((name) => `{{KEYS}}/${name}.pub`) }),
    other: of({ keyPath: '{{KEYS}}/other.pub' }),
    logged: of({ keyPath: '{{KEYS}}/p256.pub', ...rekor }),
    'logged by either': of({
      keyPath: '{{KEYS}}/p256.pub',
      rekorPublicKeyPaths: ['{{KEYS}}/other-rekor.pub', '{{KEYS}}/rekor.pub'],
    }),
    fulcio: of({ fulcio, ...rekor }),
    'fulcio, another root': of({ fulcio: { ...fulcio, caPath: '{{KEYS}}/otherRoot.crt' }, ...rekor }),
    pki: of({ pki }),
    'pki, host': of({ pki: { caRootsPath: '{{KEYS}}/root.crt', subjectHostname: 'host.example.com' } }),
    'pki, address and host': of({ pki: { ...pki, subjectHostname: 'host.example.com' } }),
    'pki, intermediate': of({ pki: { ...pki, caIntermediatesPath: '{{KEYS}}/intermediate.crt' } }),
  }
}

/** Names of images in registries, as a user types them. */
export const IMAGES = [
  'registry.example.com/app:1',
  'registry.example.com/app:2',
  'registry.example.com/app@{{DIGEST}}',
  'registry.example.com/team/app:1',
  'registry.example.com/team/app',
  'registry.example.com/team-evil/app:1',
  'registry.example.com:5000/app:1',
  'sub.registry.example.com/app:1',
  'other.example.org/app:1',
  'docker.io/library/app:1',
  'app:1',
  'localhost/app:1',
] as const

/** What signatures say they are for. */
export const SIGNED_NAMES = [
  'registry.example.com/app:1',
  'registry.example.com/app:2',
  'registry.example.com/app',
  'registry.example.com/app@{{DIGEST}}',
  'registry.example.com/team/app:1',
  'registry.example.com/team/app:latest',
  'docker.io/library/app:1',
  'app:1',
  'localhost/app:1',
] as const

/** How the name of an image and the one in its signature have to fit. */
export const IDENTITIES: Readonly<Record<string, object | undefined>> = {
  none: undefined,
  matchExact: { type: 'matchExact' },
  matchRepository: { type: 'matchRepository' },
  exactReference: { type: 'exactReference', dockerReference: 'registry.example.com/app:1' },
  exactRepository: { type: 'exactRepository', dockerRepository: 'registry.example.com/app' },
  'remap of a host': { type: 'remapIdentity', prefix: 'other.example.org', signedPrefix: 'registry.example.com' },
  'remap of a path': {
    type: 'remapIdentity',
    prefix: 'registry.example.com/team',
    signedPrefix: 'registry.example.com',
  },
}

export function identityPolicy(signedIdentity: object | undefined): PolicyText {
  return policy([signedBy('good.gpg', signedIdentity === undefined ? {} : { signedIdentity })])
}

/** Which part of a policy is for an image: every scope alone rejects. */
export const SCOPES = [
  'registry.example.com',
  'registry.example.com/app',
  'registry.example.com/app:1',
  'registry.example.com/app@{{DIGEST}}',
  'registry.example.com/team',
  'registry.example.com/team/app',
  'registry.example.com/team/app:latest',
  'registry.example.com:5000',
  '*.example.com',
  '*.registry.example.com',
  '*.com',
  '*',
  'docker.io',
  'docker.io/library',
  'docker.io/library/app',
  'app',
  'library/app',
  'localhost',
  '',
] as const

export function scopePolicy(scope: string): PolicyText {
  const accept = [{ type: 'insecureAcceptAnything' }]
  return policy(accept, { docker: { [scope]: [{ type: 'reject' }] } })
}

/** Folders below `{{DIR}}`, and the scopes that are asked for them. */
export const FOLDERS = ['a', 'a/b', 'ab', 'a/b/c'] as const
export const FOLDER_SCOPES = [
  '{{DIR}}',
  '{{DIR}}/a',
  '{{DIR}}/a/b',
  '{{DIR}}/a/b/c',
  '{{DIR}}/ab',
  '{{DIR}}/a/b:1',
  '',
] as const

export function folderPolicy(transport: string, scope: string): PolicyText {
  return policy([{ type: 'insecureAcceptAnything' }], { [transport]: { [scope]: [{ type: 'reject' }] } })
}
