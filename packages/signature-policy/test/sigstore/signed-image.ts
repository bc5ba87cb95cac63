import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type Digest, digestOf, type SigstoreSignature } from '@crossdock/core'
import type { VerifySigstoreOptions } from '../../src/sigstore/trust.ts'
import { sha256 } from './authority.ts'

/** The manifest that all signatures of these tests are for, unless they say otherwise. */
export const MANIFEST: Uint8Array = Buffer.from(
  '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}',
)
export const DIGEST: Digest = digestOf(MANIFEST)
export const REFERENCE = 'registry.example.com/app:1'
/** When logs recorded signatures. */
export const SIGNED_AT: Date = new Date('2024-06-01T12:00:00Z')
export const NOW: Date = new Date('2025-06-01T12:00:00Z')
export const OPTIONS: VerifySigstoreOptions = { now: NOW, digest: DIGEST, manifest: MANIFEST }

const PAYLOAD_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json'

export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export function ecKeys(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

/** cosign's payload as text. */
export function payloadText(digest: string = DIGEST, reference: string = REFERENCE): string {
  return `{"critical":{"identity":{"docker-reference":"${reference}"},"image":{"docker-manifest-digest":"${digest}"},"type":"cosign container image signature"},"optional":null}`
}

export function signBytes(key: KeyObject, bytes: Uint8Array): Uint8Array {
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, key)
}

/** A signature of cosign's; `annotations` come on top of that with the signature. */
export function cosignSignature(
  key: KeyObject,
  { text = payloadText(), annotations = {} }: { text?: string; annotations?: Readonly<Record<string, string>> } = {},
): SigstoreSignature {
  const bytes = Buffer.from(text)
  const signature = Buffer.from(signBytes(key, bytes)).toString('base64')
  return {
    format: 'sigstore',
    mediaType: PAYLOAD_TYPE,
    bytes,
    annotations: { 'dev.cosignproject.cosign/signature': signature, ...annotations },
  }
}

export function annotated(
  signature: SigstoreSignature,
  annotations: Readonly<Record<string, string>>,
): SigstoreSignature {
  return { ...signature, annotations: { ...signature.annotations, ...annotations } }
}

export interface EntryForm {
  /** In PEM: a key or a certificate. */
  readonly signer: Uint8Array | string
  readonly log: KeyObject
  readonly at?: Date
  readonly body?: Uint8Array
  /** Comes over the members of the body. */
  readonly change?: object
}

/** The body of a log entry `hashedrekord`. */
export function hashedRekord(payload: Uint8Array, signature: string, { signer, change = {} }: EntryForm): Buffer {
  return Buffer.from(
    JSON.stringify({
      apiVersion: '0.0.1',
      kind: 'hashedrekord',
      spec: {
        data: { hash: { algorithm: 'sha256', value: sha256(payload).toString('hex') } },
        signature: { content: signature, publicKey: { content: Buffer.from(signer).toString('base64') } },
      },
      ...change,
    }),
  )
}

/** What a log says of a signature, with the annotation that cosign keeps it in. */
export function logged(signature: SigstoreSignature, form: EntryForm): SigstoreSignature {
  const { log, at = SIGNED_AT } = form
  const proper = signature.annotations['dev.cosignproject.cosign/signature'] ?? ''
  const body = form.body ?? hashedRekord(signature.bytes, proper, form)
  const entry = {
    body: body.toString('base64'),
    integratedTime: at.getTime() / 1000,
    logID: 'a'.repeat(64),
    logIndex: 42,
  }
  const promise = sign('sha256', Buffer.from(JSON.stringify(entry)), log).toString('base64')
  return annotated(signature, {
    'dev.sigstore.cosign/bundle': JSON.stringify({ SignedEntryTimestamp: promise, Payload: entry }),
  })
}
