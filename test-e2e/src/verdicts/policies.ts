/** `{{KEYS}}` stands for the folder with the keys, `{{DIR}}` for the one with images. */
export type PolicyText = string

const ACCEPT = { type: 'insecureAcceptAnything' }
const REJECT = { type: 'reject' }

export function policy(requirements: unknown, transports: unknown = {}): PolicyText {
  return JSON.stringify({ default: requirements, transports })
}

export function signedBy(key: string, change: object = {}): object {
  return { type: 'signedBy', keyType: 'GPGKeys', keyPath: `{{KEYS}}/${key}`, ...change }
}

export function sigstoreSigned(change: object): object {
  return { type: 'sigstoreSigned', ...change }
}

export function exactly(dockerReference: string): object {
  return { signedIdentity: { type: 'exactReference', dockerReference } }
}

function data(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** Policies whose form is what matters; the image is signed by `good` as `reference`. */
export function policyForms(reference: string): Readonly<Record<string, PolicyText>> {
  return {
    ...requirementForms(),
    ...documentForms(),
    ...scopeForms(),
    ...keyForms(reference),
    ...identityForms(reference),
    ...remapForms(reference),
    ...sigstoreForms(),
    ...authorityForms(),
  }
}

function of(...requirements: readonly unknown[]): PolicyText {
  return policy(requirements)
}

function without(object: object, key: string): object {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key))
}

function sigstore(change: object): PolicyText {
  return of(sigstoreSigned(change))
}

function scoped(transport: string, scope: string): PolicyText {
  return policy([ACCEPT], { [transport]: { [scope]: [REJECT] } })
}

const KEY = { keyPath: '{{KEYS}}/p256.pub' }
const REKOR = { rekorPublicKeyPath: '{{KEYS}}/rekor.pub' }

function requirementForms(): Readonly<Record<string, PolicyText>> {
  return {
    accepts: of(ACCEPT),
    rejects: of(REJECT),
    'accepts and rejects': of(ACCEPT, REJECT),
    'accepts, with another key': of({ ...ACCEPT, x: 1 }),
    'rejects, with another key': of({ ...REJECT, x: 1 }),
    'type unknown': of({ type: 'x' }),
    'type in another case': of({ type: 'InsecureAcceptAnything' }),
    'type missing': of({}),
    'type null': of({ type: null }),
    'type a number': of({ type: 1 }),
    'type a list': of({ type: ['insecureAcceptAnything'] }),
    'type twice': '{"default":[{"type":"reject","type":"insecureAcceptAnything"}]}',
    'type in another case beside': of({ ...REJECT, Type: 'insecureAcceptAnything' }),
    'requirement null': of(null),
    'requirement a text': of('insecureAcceptAnything'),
    'requirement a list': of([ACCEPT]),
    'accepted and signed by another': of(ACCEPT, signedBy('second.gpg', exactly('registry.example.com/app:1'))),
  }
}

function documentForms(): Readonly<Record<string, PolicyText>> {
  return {
    'default missing': '{"transports":{}}',
    'default null': policy(null),
    'default empty': policy([]),
    'default an object': policy(ACCEPT),
    'default twice': `{"default":[${JSON.stringify(REJECT)}],"default":[${JSON.stringify(ACCEPT)}]}`,
    'default twice, the same': `{"default":[${JSON.stringify(ACCEPT)}],"default":[${JSON.stringify(ACCEPT)}]}`,
    'default in another case': JSON.stringify({ Default: [ACCEPT] }),
    'default escaped': `{"\\u0064efault":[${JSON.stringify(ACCEPT)}]}`,
    'default alone': JSON.stringify({ default: [ACCEPT] }),
    'default through __proto__': '{"__proto__":{"default":[{"type":"insecureAcceptAnything"}]}}',
    '__proto__ at the top': '{"default":[{"type":"insecureAcceptAnything"}],"__proto__":{}}',
    'unknown key at the top': JSON.stringify({ default: [ACCEPT], x: {} }),
    'not JSON': 'default: accept',
    empty: '',
    null: 'null',
    'a list': '[]',
    'trailing value': `${of(ACCEPT)}{}`,
    'trailing space': `${of(ACCEPT)}\n\n`,
    'trailing NUL': `${of(ACCEPT)}\0`,
    'a comment': `// x\n${of(ACCEPT)}`,
    'a trailing comma': '{"default":[{"type":"insecureAcceptAnything"},]}',
    'byte order mark': `\uFEFF${of(ACCEPT)}`,
    deep: `{"default":[{"type":"insecureAcceptAnything"}],"transports":{"x":{"y":${'['.repeat(3000)}${']'.repeat(3000)}}}}`,
  }
}

function scopeForms(): Readonly<Record<string, PolicyText>> {
  return {
    'transports null': policy([ACCEPT], null),
    'transports a list': policy([ACCEPT], []),
    'transport null': policy([ACCEPT], { docker: null }),
    'transport a list': policy([ACCEPT], { docker: [REJECT] }),
    'transport empty': policy([ACCEPT], { docker: {} }),
    'transport twice':
      '{"default":[{"type":"insecureAcceptAnything"}],"transports":{"dir":{"":[{"type":"reject"}]},"dir":{}}}',
    'transport unknown': policy([ACCEPT], { nosuch: { anything: [REJECT] } }),
    'transport unknown, requirement wrong': policy([ACCEPT], { nosuch: { anything: [{ type: 'x' }] } }),
    'transport in another case': policy([ACCEPT], { Dir: { '': [REJECT] } }),
    'transport constructor': policy([ACCEPT], { constructor: { '': [REJECT] } }),
    'transport of this image, scope empty': scoped('dir', ''),
    'scope null': policy([ACCEPT], { docker: { 'example.com': null } }),
    'scope empty list': policy([ACCEPT], { docker: { 'example.com': [] } }),
    'scope twice':
      '{"default":[{"type":"insecureAcceptAnything"}],"transports":{"dir":{"":[{"type":"reject"}],"":[{"type":"insecureAcceptAnything"}]}}}',
    ...Object.fromEntries(
      [
        ['dir', '/'],
        ['dir', '/a'],
        ['dir', '/a/'],
        ['dir', 'a'],
        ['dir', '/a/../b'],
        ['dir', '/a//b'],
        ['dir', '/a/.'],
        ['dir', '{{DIR}}'],
        ['oci', '/'],
        ['oci', '/a'],
        ['oci', '/a:b'],
        ['oci', 'a'],
        ['oci', '/a/'],
        ['oci', '/a:'],
        ['oci', '/a:B c'],
        ['docker-archive', ''],
        ['docker-archive', '/a'],
        ['oci-archive', '/a'],
        ['oci-archive', 'a'],
        ['tarball', '/a'],
        ['tarball', ''],
        ['docker-daemon', 'docker.io/library/a'],
        ['docker-daemon', `sha256:${'a'.repeat(64)}`],
        ['docker', 'docker.io'],
        ['docker', 'docker.io/library/a:1'],
        ['docker', 'example.com:5000/a'],
        ['docker', '*.example.com'],
        ['docker', `example.com/a@sha256:${'a'.repeat(64)}`],
        ['docker', 'localhost'],
      ].map(([transport = '', scope = '']) => [`scope ${transport} "${scope}"`, scoped(transport, scope)]),
    ),
  }
}

function keyForms(reference: string): Readonly<Record<string, PolicyText>> {
  const identity = exactly(reference)
  const good = signedBy('good.gpg', identity)
  return {
    signed: of(good),
    'signed, keyType missing': of(without(good, 'keyType')),
    'signed, keyType unknown': of({ ...good, keyType: 'x' }),
    'signed, keyType signedByGPGKeys': of({ ...good, keyType: 'signedByGPGKeys' }),
    'signed, keyType X509Certificates': of({ ...good, keyType: 'X509Certificates' }),
    'signed, no key': of(without(good, 'keyPath')),
    'signed, keyPath empty': of({ ...good, keyPath: '' }),
    'signed, keyPath null': of({ ...good, keyPath: null }),
    'signed, keyPath a number': of({ ...good, keyPath: 1 }),
    'signed, keyPath not there': of({ ...good, keyPath: '/no/such/file.gpg' }),
    'signed, keyPath a folder': of({ ...good, keyPath: '{{KEYS}}' }),
    'signed, keyPath and keyData': of({ ...good, keyData: data('x') }),
    'signed, keyPath and keyPaths': of({ ...good, keyPaths: ['{{KEYS}}/good.gpg'] }),
    'signed, keyPaths': of({ ...without(good, 'keyPath'), keyPaths: ['{{KEYS}}/second.gpg', '{{KEYS}}/good.gpg'] }),
    'signed, keyPaths of others': of({
      ...without(good, 'keyPath'),
      keyPaths: ['{{KEYS}}/second.gpg', '{{KEYS}}/dsa.gpg'],
    }),
    'signed, keyPaths one not there': of({
      ...without(good, 'keyPath'),
      keyPaths: ['{{KEYS}}/good.gpg', '/no/such/file'],
    }),
    'signed, keyPaths empty': of({ ...without(good, 'keyPath'), keyPaths: [] }),
    'signed, keyPaths a text': of({ ...without(good, 'keyPath'), keyPaths: '{{KEYS}}/good.gpg' }),
    'signed, keyPaths of null': of({ ...without(good, 'keyPath'), keyPaths: [null] }),
    'signed, keyData': of({ ...without(good, 'keyPath'), keyData: '{{DATA:good.gpg}}' }),
    'signed, keyData armoured': of({ ...without(good, 'keyPath'), keyData: '{{DATA:good.asc}}' }),
    'signed, keyData no base64': of({ ...without(good, 'keyPath'), keyData: '!!!' }),
    'signed, keyData empty': of({ ...without(good, 'keyPath'), keyData: '' }),
    'signed, keyData of another': of({ ...without(good, 'keyPath'), keyData: '{{DATA:second.gpg}}' }),
    'signed, key armoured': of({ ...good, keyPath: '{{KEYS}}/good.asc' }),
    'signed, two keys in a file': of({ ...good, keyPath: '{{KEYS}}/both.gpg' }),
    'signed, two armoured keys in a file': of({ ...good, keyPath: '{{KEYS}}/both.asc' }),
    'signed, file empty': of({ ...good, keyPath: '{{KEYS}}/empty.gpg' }),
    'signed, file garbage': of({ ...good, keyPath: '{{KEYS}}/garbage.gpg' }),
    'signed by another': of(signedBy('second.gpg', identity)),
    'signed, unknown key': of({ ...good, x: 1 }),
    'signed, key twice': `{"default":[${JSON.stringify(good).replace('{', '{"keyPath":"{{KEYS}}/second.gpg",')}]}`,
    'signed and accepted': of(good, ACCEPT),
    'signed by both': of(good, signedBy('second.gpg', identity)),
    'signed and rejected': of(good, REJECT),
  }
}

function identityForms(reference: string): Readonly<Record<string, PolicyText>> {
  const good = signedBy('good.gpg', exactly(reference))
  const withIdentity = (signedIdentity: unknown): PolicyText => of(signedBy('good.gpg', { signedIdentity }))
  return {
    'identity missing': of(without(good, 'signedIdentity')),
    'identity null': withIdentity(null),
    'identity a text': withIdentity('matchExact'),
    'identity empty': withIdentity({}),
    'identity unknown': withIdentity({ type: 'x' }),
    'identity with another key': withIdentity({ type: 'matchExact', x: 1 }),
    ...Object.fromEntries(
      ['matchExact', 'matchRepoDigestOrExact', 'matchRepository'].map((type) => [
        `identity ${type}`,
        withIdentity({ type }),
      ]),
    ),
    'identity exactReference': withIdentity({ type: 'exactReference', dockerReference: reference }),
    'identity exactReference, other tag': withIdentity({ type: 'exactReference', dockerReference: `${reference}x` }),
    'identity exactReference, no tag': withIdentity({
      type: 'exactReference',
      dockerReference: reference.replace(/:[^:/]*$/, ''),
    }),
    'identity exactReference, none': withIdentity({ type: 'exactReference' }),
    'identity exactReference, empty': withIdentity({ type: 'exactReference', dockerReference: '' }),
    'identity exactReference, wrong': withIdentity({ type: 'exactReference', dockerReference: 'A B' }),
    'identity exactReference, repository': withIdentity({ type: 'exactReference', dockerRepository: reference }),
    'identity exactRepository': withIdentity({
      type: 'exactRepository',
      dockerRepository: reference.replace(/:[^:/]*$/, ''),
    }),
    'identity exactRepository, with tag': withIdentity({ type: 'exactRepository', dockerRepository: reference }),
    'identity exactRepository, other': withIdentity({
      type: 'exactRepository',
      dockerRepository: 'registry.example.com/other',
    }),
    'identity exactRepository, none': withIdentity({ type: 'exactRepository' }),
    'identity exactRepository, wrong': withIdentity({ type: 'exactRepository', dockerRepository: 'A B' }),
  }
}

function remapForms(reference: string): Readonly<Record<string, PolicyText>> {
  const good = signedBy('good.gpg', exactly(reference))
  const withIdentity = (signedIdentity: unknown): PolicyText => of({ ...good, signedIdentity })
  return {
    'identity remapIdentity': withIdentity({
      type: 'remapIdentity',
      prefix: 'a.example.com',
      signedPrefix: 'registry.example.com',
    }),
    'identity remapIdentity, prefix with tag': withIdentity({
      type: 'remapIdentity',
      prefix: 'a.example.com/b:1',
      signedPrefix: 'c.example.com',
    }),
    'identity remapIdentity, prefix empty': withIdentity({
      type: 'remapIdentity',
      prefix: '',
      signedPrefix: 'c.example.com',
    }),
    'identity remapIdentity, prefix with slash': withIdentity({
      type: 'remapIdentity',
      prefix: 'a.example.com/',
      signedPrefix: 'c.example.com',
    }),
    'identity remapIdentity, no signed prefix': withIdentity({ type: 'remapIdentity', prefix: 'a.example.com' }),
    'identity remapIdentity, a word': withIdentity({
      type: 'remapIdentity',
      prefix: 'busybox',
      signedPrefix: 'c.example.com',
    }),
    'base layer': of({ type: 'signedBaseLayer', baseLayerIdentity: { type: 'matchExact' } }),
    'base layer, no identity': of({ type: 'signedBaseLayer' }),
  }
}

function sigstoreForms(): Readonly<Record<string, PolicyText>> {
  const fulcio = {
    caPath: '{{KEYS}}/root.crt',
    oidcIssuer: 'https://issuer.example.com',
    subjectEmail: 'signer@example.com',
  }
  return {
    sigstore: sigstore(KEY),
    'sigstore, no key': sigstore({}),
    'sigstore, keyPath empty': sigstore({ keyPath: '' }),
    'sigstore, keyPath null': sigstore({ keyPath: null }),
    'sigstore, keyPaths': sigstore({ keyPaths: ['{{KEYS}}/p256.pub'] }),
    'sigstore, keyPaths empty': sigstore({ keyPaths: [] }),
    'sigstore, keyData': sigstore({ keyData: '{{DATA:p256.pub}}' }),
    'sigstore, keyData no base64': sigstore({ keyData: '!!!' }),
    'sigstore, keyDatas': sigstore({ keyDatas: ['{{DATA:p256.pub}}'] }),
    'sigstore, keyDatas empty': sigstore({ keyDatas: [] }),
    'sigstore, two kinds of keys': sigstore({ ...KEY, keyData: data('x') }),
    'sigstore, key and fulcio': sigstore({ ...KEY, fulcio, ...REKOR }),
    'sigstore, keyType': sigstore({ ...KEY, keyType: 'GPGKeys' }),
    'sigstore, unknown key': sigstore({ ...KEY, x: 1 }),
    'sigstore, identity null': sigstore({ ...KEY, signedIdentity: null }),
    'sigstore, identity': sigstore({ ...KEY, signedIdentity: { type: 'matchRepository' } }),
    'sigstore, rekor': sigstore({ ...KEY, ...REKOR }),
    'sigstore, rekor data': sigstore({ ...KEY, rekorPublicKeyData: '{{DATA:rekor.pub}}' }),
    'sigstore, rekor twice': sigstore({ ...KEY, ...REKOR, rekorPublicKeyData: '{{DATA:rekor.pub}}' }),
    'sigstore, rekor paths': sigstore({ ...KEY, rekorPublicKeyPaths: ['{{KEYS}}/rekor.pub'] }),
    'sigstore, rekor paths empty': sigstore({ ...KEY, rekorPublicKeyPaths: [] }),
    'sigstore, rekor datas empty': sigstore({ ...KEY, rekorPublicKeyDatas: [] }),
  }
}

function authorityForms(): Readonly<Record<string, PolicyText>> {
  const fulcio = {
    caPath: '{{KEYS}}/root.crt',
    oidcIssuer: 'https://issuer.example.com',
    subjectEmail: 'signer@example.com',
  }
  const pki = { caRootsPath: '{{KEYS}}/root.crt', subjectEmail: 'signer@example.com' }
  return {
    'sigstore, fulcio': sigstore({ fulcio, ...REKOR }),
    'sigstore, fulcio without rekor': sigstore({ fulcio }),
    'sigstore, fulcio null': sigstore({ fulcio: null, ...REKOR }),
    'sigstore, fulcio without issuer': sigstore({ fulcio: without(fulcio, 'oidcIssuer'), ...REKOR }),
    'sigstore, fulcio without address': sigstore({ fulcio: without(fulcio, 'subjectEmail'), ...REKOR }),
    'sigstore, fulcio without authority': sigstore({ fulcio: without(fulcio, 'caPath'), ...REKOR }),
    'sigstore, fulcio with authority twice': sigstore({ fulcio: { ...fulcio, caData: data('x') }, ...REKOR }),
    'sigstore, fulcio with another key': sigstore({ fulcio: { ...fulcio, x: 1 }, ...REKOR }),
    'sigstore, fulcio with empty address': sigstore({ fulcio: { ...fulcio, subjectEmail: '' }, ...REKOR }),
    'sigstore, pki': sigstore({ pki }),
    'sigstore, pki with rekor': sigstore({ pki, ...REKOR }),
    'sigstore, pki without name': sigstore({ pki: without(pki, 'subjectEmail') }),
    'sigstore, pki with host': sigstore({ pki: { ...pki, subjectHostname: 'host.example.com' } }),
    'sigstore, pki without roots': sigstore({ pki: without(pki, 'caRootsPath') }),
    'sigstore, pki with roots twice': sigstore({ pki: { ...pki, caRootsData: data('x') } }),
    'sigstore, pki with another key': sigstore({ pki: { ...pki, x: 1 } }),
    'sigstore, pki with intermediates twice': sigstore({
      pki: { ...pki, caIntermediatesPath: '/x', caIntermediatesData: data('x') },
    }),
  }
}
