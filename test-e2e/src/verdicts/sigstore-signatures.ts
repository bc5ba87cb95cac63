import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Authorities, EMAIL, type Leaf } from './certificates.ts'
import { payloads } from './payloads.ts'
import type { Signed } from './simple-signatures.ts'

const SIGNATURE = 'dev.cosignproject.cosign/signature'
const BUNDLE = 'dev.sigstore.cosign/bundle'
const CERTIFICATE = 'dev.sigstore.cosign/certificate'
const CHAIN = 'dev.sigstore.cosign/chain'
const PAYLOAD_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json'
/** 2024-01-01, in seconds. */
const SIGNED_AT = 1_704_067_200

/** Signatures as `dir:` has them, by name, and the public keys in a folder. */
export function sigstoreSignatures(
  { digest, reference }: Signed,
  { authorities, keysFolder }: { readonly authorities: Authorities; readonly keysFolder: string },
): Readonly<Record<string, Buffer>> {
  const texts = Object.fromEntries(
    Object.entries(payloads(digest, reference)).map(([name, text]) => [
      name,
      text.replace('"atomic container signature"', '"cosign container image signature"'),
    ]),
  )
  const payload = Buffer.from(texts['good'] ?? '')
  const keys = makeKeys(keysFolder)
  const rekor = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const otherRekor = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeFileSync(join(keysFolder, 'rekor.pub'), pem(rekor.publicKey))
  writeFileSync(join(keysFolder, 'other-rekor.pub'), pem(otherRekor.publicKey))
  const good = keys['p256'] as KeyObject
  const byKey = (key: KeyObject, bytes: Buffer = payload): string => signed(key, bytes)
  return {
    ...Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [
        `payload: ${name}`,
        file(Buffer.from(text), { [SIGNATURE]: byKey(good, Buffer.from(text)) }),
      ]),
    ),
    'payload: type of simple signing': file(Buffer.from(payloads(digest, reference)['good'] ?? ''), {
      [SIGNATURE]: byKey(good, Buffer.from(payloads(digest, reference)['good'] ?? '')),
    }),
    ...Object.fromEntries(
      Object.entries(keys).map(([name, key]) => [`key: ${name}`, file(payload, { [SIGNATURE]: byKey(key) })]),
    ),
    ...forms(payload, byKey(good), texts['wrong digest'] ?? ''),
    ...logged(payload, {
      good,
      otherKey: keys['p384'] as KeyObject,
      log: rekor.privateKey,
      otherLog: otherRekor.privateKey,
    }),
    ...certified(payload, { authorities, log: rekor.privateKey }),
  }
}

function forms(payload: Buffer, signature: string, swapped: string): Readonly<Record<string, Buffer>> {
  const valid = { [SIGNATURE]: signature }
  return {
    'form: no signature': file(payload, {}),
    'form: empty signature': file(payload, { [SIGNATURE]: '' }),
    'form: signature no base64': file(payload, { [SIGNATURE]: '!!!' }),
    'form: signature with line feeds': file(payload, { [SIGNATURE]: signature.replace(/(.{20})/g, '$1\n') }),
    'form: signature without padding': file(payload, { [SIGNATURE]: signature.replace(/=+$/, '') }),
    'form: other media type': file(payload, valid, 'application/vnd.example+json'),
    'form: other annotations': file(payload, { ...valid, x: 'y' }),
    'form: payload swapped': file(Buffer.from(swapped), valid),
  }
}

interface LogKeys {
  readonly good: KeyObject
  readonly otherKey: KeyObject
  readonly log: KeyObject
  readonly otherLog: KeyObject
}

function logged(payload: Buffer, { good, otherKey, log, otherLog }: LogKeys): Readonly<Record<string, Buffer>> {
  const signature = signed(good, payload)
  const entry = (options: Partial<RekorEntry> = {}): string =>
    rekorBundle({ payload, signature, publicKey: pem(createPublicKey(good)), log, ...options })
  const withEntry = (bundle: string): Buffer => file(payload, { [SIGNATURE]: signature, [BUNDLE]: bundle })
  return {
    'rekor: good': withEntry(entry()),
    'rekor: of another log': withEntry(entry({ log: otherLog })),
    'rekor: of another payload': withEntry(entry({ payload: Buffer.from('{}') })),
    'rekor: of another signature': withEntry(entry({ signature: signed(good, payload) })),
    'rekor: of another key': withEntry(entry({ publicKey: pem(createPublicKey(otherKey)) })),
    'rekor: of another kind': withEntry(entry({ change: { kind: 'rekord' } })),
    'rekor: of another version': withEntry(entry({ change: { apiVersion: '0.0.2' } })),
    'rekor: with another key in the body': withEntry(entry({ change: { x: 1 } })),
    'rekor: not JSON': withEntry('{'),
    'rekor: key twice': withEntry(entry().replace('{', '{"Payload":{},')),
    'rekor: unknown key': withEntry(entry().replace('{', '{"x":1,')),
    'rekor: time changed': withEntry(entry().replace(String(SIGNED_AT), String(SIGNED_AT + 1))),
    'rekor: empty': withEntry(''),
  }
}

function makeKeys(folder: string): Readonly<Record<string, KeyObject>> {
  const pairs = {
    p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    rsa2048: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    rsa1024: generateKeyPairSync('rsa', { modulusLength: 1024 }),
    ed25519: generateKeyPairSync('ed25519'),
    other: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  }
  for (const [name, { publicKey }] of Object.entries(pairs)) writeFileSync(join(folder, `${name}.pub`), pem(publicKey))
  return Object.fromEntries(Object.entries(pairs).map(([name, { privateKey }]) => [name, privateKey]))
}

function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

function signed(key: KeyObject, bytes: Uint8Array): string {
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, key).toString('base64')
}

/** A signature in a file of its own. */
function file(payload: Buffer, annotations: Readonly<Record<string, string>>, mimeType = PAYLOAD_TYPE): Buffer {
  const document = JSON.stringify({ mimeType, payload: payload.toString('base64'), annotations })
  return Buffer.from(`\0sigstore-json\n${document}`)
}

interface RekorEntry {
  readonly payload: Buffer
  readonly signature: string
  /** A key or a certificate, in PEM. */
  readonly publicKey: string
  readonly log: KeyObject
  readonly change?: object
  readonly at?: number
}

function rekorBundle({ payload, signature, publicKey, log, change = {}, at = SIGNED_AT }: RekorEntry): string {
  const value = createHash('sha256').update(payload).digest('hex')
  const entry = {
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: 'sha256', value } },
      signature: { content: signature, publicKey: { content: Buffer.from(publicKey).toString('base64') } },
    },
    ...change,
  }
  const body = Buffer.from(JSON.stringify(entry)).toString('base64')
  // Canonical JSON has its keys in this order.
  const recorded = { body, integratedTime: at, logID: 'a'.repeat(64), logIndex: 7 }
  return JSON.stringify({ SignedEntryTimestamp: signed(log, Buffer.from(JSON.stringify(recorded))), Payload: recorded })
}

/** Signatures by keys that a certificate vouches for, short-lived ones as Fulcio gives and long-lived ones of an own authority. */
function certified(
  payload: Buffer,
  { authorities, log }: { readonly authorities: Authorities; readonly log: KeyObject },
): Readonly<Record<string, Buffer>> {
  const leaves = makeLeaves(authorities)
  const made = Object.entries(leaves).map(([name, leaf]) => [
    name,
    certifiedFile(payload, leaf, name.startsWith('pki') ? undefined : log),
  ])
  const good = leaves['fulcio: good'] as Leaf
  const below = leaves['fulcio: below the intermediate'] as Leaf
  const chain = authorities.certificates['intermediate'] ?? ''
  return {
    ...(Object.fromEntries(made) as Readonly<Record<string, Buffer>>),
    'fulcio: below the intermediate, with the chain': certifiedFile(payload, below, log, { [CHAIN]: chain }),
    'fulcio: below the intermediate, with the chain up to the root': certifiedFile(payload, below, log, {
      [CHAIN]: chain + (authorities.certificates['root'] ?? ''),
    }),
    'fulcio: without the log': certifiedFile(payload, good, undefined),
    'fulcio: certificate twice': certifiedFile(
      payload,
      { ...good, certificate: good.certificate + good.certificate },
      log,
    ),
    'fulcio: no certificate': certifiedFile(payload, good, log, { [CERTIFICATE]: '' }),
    'fulcio: certificate no PEM': certifiedFile(payload, good, log, { [CERTIFICATE]: 'x' }),
    'fulcio: certificate of another key': certifiedFile(payload, { ...good, certificate: below.certificate }, log),
    'pki: below the intermediate, with the chain': certifiedFile(
      payload,
      leaves['pki: below the intermediate'] as Leaf,
      undefined,
      { [CHAIN]: chain },
    ),
  }
}

function makeLeaves(authorities: Authorities): Readonly<Record<string, Leaf>> {
  const short = { from: '20231231235500Z', to: '20240101000500Z' }
  const issuer = 'https://issuer.example.com'
  return {
    'fulcio: good': authorities.leaf(short),
    'fulcio: only the first extension': authorities.leaf({ ...short, issuer: [issuer] }),
    'fulcio: only the second extension': authorities.leaf({ ...short, issuer: [undefined, issuer] }),
    'fulcio: extensions that differ': authorities.leaf({ ...short, issuer: ['https://other.example.com', issuer] }),
    'fulcio: another issuer': authorities.leaf({
      ...short,
      issuer: ['https://other.example.com', 'https://other.example.com'],
    }),
    'fulcio: no issuer': authorities.leaf({ ...short, issuer: [] }),
    'fulcio: another address': authorities.leaf({ ...short, names: 'email:other@example.com' }),
    'fulcio: two addresses': authorities.leaf({ ...short, names: `email:${EMAIL},email:other@example.com` }),
    'fulcio: address in upper case': authorities.leaf({ ...short, names: `email:${EMAIL.toUpperCase()}` }),
    'fulcio: a URI': authorities.leaf({ ...short, names: 'URI:https://example.com/workflow' }),
    'fulcio: no name': authorities.leaf({ ...short, names: '' }),
    'fulcio: usage for servers': authorities.leaf({ ...short, usage: 'serverAuth' }),
    'fulcio: no usage': authorities.leaf({ ...short, usage: '' }),
    'fulcio: another authority': authorities.leaf({ ...short, authority: 'otherRoot' }),
    'fulcio: below the intermediate': authorities.leaf({ ...short, authority: 'intermediate' }),
    'fulcio: expired before it was logged': authorities.leaf({ from: '20230601000000Z', to: '20230602000000Z' }),
    'fulcio: not valid yet when it was logged': authorities.leaf({ from: '20240601000000Z', to: '20250602000000Z' }),
    'pki: good': authorities.leaf({ issuer: [] }),
    'pki: host': authorities.leaf({ issuer: [], names: `email:${EMAIL},DNS:host.example.com` }),
    'pki: wildcard host': authorities.leaf({ issuer: [], names: 'DNS:*.example.com' }),
    'pki: another address': authorities.leaf({ issuer: [], names: 'email:other@example.com' }),
    'pki: expired': authorities.leaf({ issuer: [], from: '20230601000000Z', to: '20230602000000Z' }),
    'pki: another authority': authorities.leaf({ issuer: [], authority: 'otherRoot' }),
    'pki: below the intermediate': authorities.leaf({ issuer: [], authority: 'intermediate' }),
    'pki: usage for servers': authorities.leaf({ issuer: [], usage: 'serverAuth' }),
    'pki: no usage': authorities.leaf({ issuer: [], usage: '' }),
  }
}

function certifiedFile(
  payload: Buffer,
  { key, certificate }: Leaf,
  log: KeyObject | undefined,
  change: Readonly<Record<string, string>> = {},
): Buffer {
  const signature = signed(createPrivateKey(key), payload)
  const entry = log === undefined ? {} : { [BUNDLE]: rekorBundle({ payload, signature, publicKey: certificate, log }) }
  return file(payload, { [SIGNATURE]: signature, [CERTIFICATE]: certificate, ...entry, ...change })
}
