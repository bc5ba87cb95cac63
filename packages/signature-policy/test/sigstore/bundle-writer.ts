import { type KeyObject, sign } from 'node:crypto'
import type { SigstoreSignature } from '@crossdock/core'
import { type Issued, publicPem, sha256 } from './authority.ts'
import { DIGEST, hashedRekord, signBytes, SIGNED_AT } from './signed-image.ts'

export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
const STATEMENT_TYPE = 'application/vnd.in-toto+json'

/** What `cosign sign` signs since version 3; `change` comes over its members. */
export function statement(change: object = {}): Uint8Array {
  const subject = [{ digest: { sha256: DIGEST.slice('sha256:'.length) }, annotations: {} }]
  return Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject,
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
      predicate: {},
      ...change,
    }),
  )
}

/** What a bundle is made of before it is written. */
export interface SignedContent {
  readonly member: object
  readonly signature: Uint8Array
  /** As log entries of the kind `hashedrekord` name it. */
  readonly payload: Uint8Array
  readonly kind: 'dsse' | 'hashedrekord'
}

/** A statement in a DSSE envelope. */
export function envelope(
  key: KeyObject,
  { payload = statement(), payloadType = STATEMENT_TYPE }: { payload?: Uint8Array; payloadType?: string } = {},
): SignedContent {
  const head = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.byteLength} `
  const signature = signBytes(key, Buffer.concat([Buffer.from(head), payload]))
  const signatures = [{ sig: base64(signature), keyid: '' }]
  return {
    member: { dsseEnvelope: { payload: base64(payload), payloadType, signatures } },
    signature,
    payload,
    kind: 'dsse',
  }
}

/** A signature of bytes. */
export function messageSignature(key: KeyObject, payload: Uint8Array): SignedContent {
  const signature = signBytes(key, payload)
  const messageDigest = { algorithm: 'SHA2_256', digest: base64(sha256(payload)) }
  return {
    member: { messageSignature: { messageDigest, signature: base64(signature) } },
    signature,
    payload,
    kind: 'hashedrekord',
  }
}

export interface Logged {
  readonly log: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
  /** PEM of the key or certificate. */
  readonly signer: Uint8Array | string
  readonly at?: Date
  readonly name?: string
  /** Comes over the members of the body. */
  readonly body?: object
  /** Comes over the members of the entry. */
  readonly entry?: object
}

/** An entry with a signed promise and a proof: the second of two in the log. */
export function logEntry(content: SignedContent, form: Logged): object {
  const { log, at = SIGNED_AT, name = 'rekor.example.com' } = form
  const body = bodyOf(content, form)
  const keyId = sha256(log.publicKey.export({ type: 'spki', format: 'der' }))
  const seconds = at.getTime() / 1000
  const promised = { body: base64(body), integratedTime: seconds, logID: keyId.toString('hex'), logIndex: 42 }
  const sibling = leafHash(Buffer.from('the first entry'))
  const root = sha256(Buffer.concat([Uint8Array.of(1), sibling, leafHash(body)]))
  const note = `${name} - 1234\n2\n${base64(root)}\n`
  const noteSignature = Buffer.concat([keyId.subarray(0, 4), sign('sha256', Buffer.from(note), log.privateKey)])
  return {
    logIndex: '42',
    logId: { keyId: base64(keyId) },
    kindVersion: { kind: content.kind, version: '0.0.1' },
    integratedTime: String(seconds),
    inclusionPromise: {
      signedEntryTimestamp: base64(sign('sha256', Buffer.from(JSON.stringify(promised)), log.privateKey)),
    },
    inclusionProof: {
      logIndex: '1',
      rootHash: base64(root),
      treeSize: '2',
      hashes: [base64(sibling)],
      checkpoint: { envelope: `${note}\n\u2014 ${name} ${base64(noteSignature)}\n` },
    },
    canonicalizedBody: base64(body),
    ...form.entry,
  }
}

function bodyOf({ kind, payload, signature }: SignedContent, { signer, body = {}, log }: Logged): Buffer {
  if (kind === 'hashedrekord') {
    return hashedRekord(payload, base64(signature), { signer, log: log.privateKey, change: body })
  }
  const spec = {
    payloadHash: { algorithm: 'sha256', value: sha256(payload).toString('hex') },
    envelopeHash: { algorithm: 'sha256', value: '0'.repeat(64) },
    signatures: [{ signature: base64(signature), verifier: base64(Buffer.from(signer)) }],
  }
  return Buffer.from(JSON.stringify({ apiVersion: '0.0.1', kind, spec, ...body }))
}

/** How the signer is named: by a hint at a key, or by a certificate. */
export function keyMaterial(key: KeyObject): object {
  return { publicKey: { hint: base64(sha256(publicPem(key))) } }
}

export function certificateMaterial({ der }: Issued): object {
  return { certificate: { rawBytes: base64(der) } }
}

export function bundle(
  { member }: SignedContent,
  material: object,
  { entries = [], mediaType = BUNDLE_TYPE }: { entries?: readonly object[]; mediaType?: string } = {},
): SigstoreSignature {
  const document = { mediaType, verificationMaterial: { ...material, tlogEntries: entries }, ...member }
  return { format: 'sigstore', mediaType, bytes: Buffer.from(JSON.stringify(document)), annotations: {} }
}

function leafHash(bytes: Uint8Array): Buffer {
  return sha256(Buffer.concat([Uint8Array.of(0), bytes]))
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
