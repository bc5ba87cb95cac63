import { ImageError } from '@crossdock/core'
import { expect, test } from 'vitest'
import { nextStep } from '../src/next-step.ts'
import { Interruption } from '../src/interruption.ts'

const stopped = new Interruption('stopped by SIGINT', 130)

test('an interrupted copy can go on, unless nothing was to be kept', () => {
  expect(nextStep(stopped, { name: 'copy', flags: { resume: true } })).toContain('run the same command again')
  expect(nextStep(stopped, { name: 'copy', flags: { resume: false } })).toBeUndefined()
  expect(nextStep(stopped, { name: 'pull', flags: {} })).toContain('run the same command again')
  expect(nextStep(stopped, { name: 'inspect', flags: {} })).toBeUndefined()
  expect(nextStep(stopped, undefined)).toBeUndefined()
})

test.each([
  ['copy', 'source', '--src-creds'],
  ['copy', 'destination', '--dest-creds'],
  ['plan', 'source', '--src-creds'],
  ['inspect', undefined, '--creds'],
  ['inspect', 'source', '--creds'],
] as const)('%s without credentials for the %s names %s', (name, side, flag) => {
  const step = nextStep(new ImageError('UNAUTHENTICATED', 'no', { side }), { name, flags: {} })
  expect(step).toBe(`crossdock login HOST does that, ${flag} USER:PASSWORD for this once`)
})

const APP = 'docker://registry.example:5000/app:1'

test.each([
  [
    `manifest 1 of ${APP}: registry.example:5000 asks for credentials and there are none: no; log in to it`,
    'registry.example:5000',
  ],
  [`tags of ${APP}: mirror.example did not accept the credentials: no; check`, 'mirror.example'],
  [`tags of ${APP}: the token service auth.example:1 of mirror.example refused: no; log in`, 'mirror.example'],
  ['manifest 1 of docker://alpine: registry-1.docker.io asks for credentials and there are none: no', 'docker.io'],
  [`manifest 1 of ${APP}: not logged in, no`, 'registry.example:5000'],
  // What a server says names nobody.
  [
    `tags of ${APP}: registry.example:5000 refused access: x: evil.example asks for credentials and there are none: `,
    'registry.example:5000',
  ],
  [`tags of ${APP}: not logged in: evil.example refused: ; log in to evil.example first`, 'registry.example:5000'],
])('%s leads to a log-in at %s', (message, host) => {
  const error = new ImageError('UNAUTHENTICATED', message, { image: APP })
  expect(nextStep(error, { name: 'inspect', flags: {} })).toMatch(`crossdock login ${host} does that`)
})

test('a file with credentials that cannot be written can be another', () => {
  const error = new ImageError('IO', '/a/auth.json cannot be written: EROFS; name another file (authFile)')
  expect(nextStep(error, { name: 'login', flags: {} })).toBe('the flag for that is --authfile FILE')
})

test('what cannot be logged in to is told otherwise', () => {
  const refused = new ImageError('UNAUTHENTICATED', 'no', { image: 'docker-daemon:app:1' })
  expect(nextStep(refused, { name: 'inspect', flags: {} })).toContain('crossdock login HOST')
  expect(nextStep(refused, { name: 'login', flags: {} })).toContain('check user name and password')
  expect(nextStep(refused, { name: 'logout', flags: {} })).toBeUndefined()
  const stranger = new ImageError('UNAUTHENTICATED', 'not logged into quay.io')
  expect(nextStep(stranger, { name: 'login', flags: {} })).toBeUndefined()
  const helper = new ImageError('UNAUTHENTICATED', 'docker-credential-x failed to get for quay.io')
  expect(nextStep(helper, { name: 'copy', flags: {} })).toBe('--dest-creds USER:PASSWORD does without it')
})

const UNKNOWN = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'

test.each([
  ['copy', 'source', UNKNOWN, /--src-cert-dir, .* --src-tls-verify=false /],
  ['copy', 'destination', UNKNOWN, /--dest-cert-dir, .* --dest-tls-verify=false /],
  ['plan', 'source', 'DEPTH_ZERO_SELF_SIGNED_CERT', /--src-cert-dir, .* --src-tls-verify=false /],
  ['inspect', 'source', 'SELF_SIGNED_CERT_IN_CHAIN', /--cert-dir, .* --tls-verify=false /],
  ['copy', 'source', 'CERT_HAS_EXPIRED', /^correct the certificate, .* --src-tls-verify=false /],
  ['inspect', 'source', 'ERR_TLS_CERT_ALTNAME_INVALID', /^correct the certificate, .* --tls-verify=false /],
] as const)('%s from a %s with the certificate problem %s names the ways out', (name, side, code, step) => {
  const cause = Object.assign(new Error('no'), { code })
  const error = new ImageError('UNAVAILABLE', 'no', { side, cause })
  expect(nextStep(error, { name, flags: {} })).toMatch(step)
})

test('a private address that a registry refers to can be trusted by a flag', () => {
  const error = new ImageError('INVALID_DATA', 'refused; if this is right, add "10.0.0.1:443" to trustedHosts')
  expect(nextStep(error, { name: 'copy', flags: {} })).toBe('the flag for that is --trusted-host HOST:PORT')
})

test('an engine has a flag for its host, and an authority in a file of its own', () => {
  const absent = new ImageError('UNAVAILABLE', 'is it running? Another one is named by its host (DOCKER_HOST)', {
    side: 'source',
  })
  expect(nextStep(absent, { name: 'copy', flags: {} })).toMatch(/^the flag for that is --src-daemon-host /)
  const cause = Object.assign(new Error('no'), { code: UNKNOWN })
  const unknown = new ImageError('UNAVAILABLE', 'no', { image: 'docker-daemon:app:1', cause })
  expect(nextStep(unknown, { name: 'inspect', flags: {} })).toMatch(/in a file ca\.pem with --cert-dir/)
})

test('for an archive behind a URL credentials are given, and plain http is allowed, by flags', () => {
  const refused = new ImageError('UNAUTHENTICATED', 'no', { image: 'https://example.com/a.tar', side: 'source' })
  expect(nextStep(refused, { name: 'copy', flags: {} })).toBe('the flag for that is --src-creds USER:PASSWORD')
  const plain = new ImageError('UNSUPPORTED', 'plain http is not used', { image: 'http://example.com/a.tar' })
  expect(nextStep(plain, { name: 'inspect', flags: {} })).toBe('the flag for that is --tls-verify=false')
})

test('other failures need none', () => {
  expect(nextStep(new ImageError('FORBIDDEN', 'no'), { name: 'copy', flags: {} })).toBeUndefined()
  expect(nextStep(new Error('no'), { name: 'copy', flags: {} })).toBeUndefined()
  const reset = new ImageError('UNAVAILABLE', 'no', { cause: Object.assign(new Error('no'), { code: 'ECONNRESET' }) })
  expect(nextStep(reset, { name: 'copy', flags: {} })).toBeUndefined()
})

test.each([
  ['it is signed (drop signatures to let it change)', '--remove-signatures'],
  ['it cannot be signed: say the identity to sign as, such as', '--sign-identity NAME:TAG'],
])('after "%s" the flag is %s', (message, flag) => {
  const error = new ImageError('UNSUPPORTED', message, { side: 'destination' })
  expect(nextStep(error, { name: 'copy', flags: {} })).toBe(`the flag for that is ${flag}`)
})

test.each([
  ['sign', '--sign-passphrase-file FILE'],
  ['copy', '--sign-passphrase-file FILE'],
  ['standalone-sign', '--passphrase-file FILE'],
])('without a passphrase %s names %s', (name, flag) => {
  const error = new ImageError('INVALID_DATA', 'the secret key 0 is protected, and no passphrase is given')
  expect(nextStep(error, { name, flags: {} })).toBe(`the flag for that is ${flag}`)
})

test('a signature that was refused by its name may be accepted for another one', () => {
  const error = new ImageError('REJECTED_BY_POLICY', 'the signature by the key 1 vouches for example.com/b:1, but')
  const step = (flags: Record<string, unknown>) => nextStep(error, { name: 'verify', flags })
  expect(step({ key: ['k.pub'] })).toMatch(/^--identity NAME/)
  expect(step({ key: ['k.pub'], identity: 'example.com/app' })).toBeUndefined()
  expect(step({ policy: 'p.json' })).toBeUndefined()
  const other = new ImageError('REJECTED_BY_POLICY', 'the key did not make this signature')
  expect(nextStep(other, { name: 'verify', flags: { key: ['k.pub'] } })).toBeUndefined()
})

test.each([
  [
    'verify',
    'sigstore',
    'docker://example.com/a:1',
    /"crossdock config explain docker:.*use-sigstore-attachments: true$/,
  ],
  [
    'policy',
    'sigstore',
    'docker://example.com/a:1',
    /"crossdock config explain docker:.*use-sigstore-attachments: true$/,
  ],
  ['verify', 'simple', 'docker://example.com/a:1', /"crossdock config explain docker:.*looked for$/],
  ['copy', 'sigstore', 'docker://example.com/a:1', /"crossdock policy explain /],
] as const)('where %s finds no %s signature of an image, the machine may not look', (name, format, image, step) => {
  const message = `a ${format} signature is needed, and the image has none`
  const error = new ImageError('REJECTED_BY_POLICY', message, { image })
  expect(nextStep(error, { name, flags: { key: ['k.pub'] } })).toMatch(step)
})

test('what is in a folder has its signatures there', () => {
  const message = 'a sigstore signature is needed, and the image has none'
  const error = new ImageError('REJECTED_BY_POLICY', message, { image: 'oci:./a' })
  expect(nextStep(error, { name: 'verify', flags: { key: ['k.pub'] } })).toBeUndefined()
})

test('a registry has a place for sigstore signatures if the machine says so', () => {
  const about = { side: 'destination', image: 'docker://example.com/a:1' } as const
  const made = new ImageError('UNSUPPORTED', 'the image is to have a sigstore signature, and it has no place', about)
  expect(nextStep(made, { name: 'sign', flags: {} })).toMatch(
    /^use-sigstore-attachments: true in registries\.d .*image$/,
  )
  const carried = 'the image is signed (sigstore), and it has no place for signatures: drop signatures, or'
  const step = nextStep(new ImageError('UNSUPPORTED', carried, about), { name: 'copy', flags: {} })
  expect(step).toMatch(/^use-sigstore-attachments: true .*--remove-signatures/)
})

test('what cannot be asked for anew may be in the store', () => {
  const failure = new ImageError('UNAVAILABLE', 'nobody answers')
  const step = nextStep(failure, { name: 'fetch', flags: { pullPolicy: 'update' } })
  expect(step).toBe('--pull-policy new takes what is in the store')
  expect(nextStep(failure, { name: 'fetch', flags: { pullPolicy: 'new' } })).toBeUndefined()
  expect(nextStep(failure, { name: 'copy', flags: {} })).toBeUndefined()
})

test('what may not be fetched is fetched with another policy', () => {
  const failure = new ImageError(
    'NOT_FOUND',
    'x is not in the store, and with the pull policy "never" nothing is fetched',
  )
  expect(nextStep(failure, { name: 'fetch', flags: { pullPolicy: 'never' } })).toContain('--pull-policy new')
})

test('credentials that were given may be for another host', () => {
  const failure = new ImageError('UNAUTHENTICATED', 'no', { image: 'https://example.com/app.aci' })
  expect(nextStep(failure, { name: 'fetch', flags: { creds: 'u:p' } })).toContain(
    'the hosts that the command names alone',
  )
  expect(nextStep(failure, { name: 'copy', flags: { srcCreds: 'u:p' } })).toContain('crossdock login HOST')
  expect(nextStep(failure, { name: 'fetch', flags: {} })).toBe('the flag for that is --creds USER:PASSWORD')
})
