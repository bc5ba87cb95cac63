import {
  digestOf,
  ImageError,
  type ImageReference,
  type ManifestBytes,
  parseDigest,
  type Signature,
  type UnparsedImage,
} from '@crossdock/core'
import type { JudgeOptions, Judgement } from '../../src/index.ts'
import { judgeWith } from '../../src/judge/evaluate-policy.ts'
import type { Verifiers } from '../../src/judge/verifiers.ts'
import { readPolicy } from '../policy/policies.ts'

const MANIFEST: Uint8Array = Buffer.from('{"schemaVersion":2}')
export const DIGEST: string = digestOf(MANIFEST)
export const NOW: Date = new Date('2026-03-01T12:00:00Z')

/** A signature that the verifiers below understand: who signed what, or what is wrong with it. */
export interface Claim {
  readonly format?: Signature['format']
  readonly by?: string
  readonly digest?: string
  readonly name?: string | undefined
  /** What verifying it says. */
  readonly broken?: string
}

export function signature({ format = 'simple', ...claim }: Claim): Signature {
  const bytes = Buffer.from(JSON.stringify({ by: 'alice', digest: DIGEST, ...claim }))
  return format === 'simple' ? { format, bytes } : { format, mediaType: 'x', bytes, annotations: {} }
}

function read(bytes: Uint8Array): Required<Pick<Claim, 'by' | 'digest'>> & Claim {
  return JSON.parse(Buffer.from(bytes).toString()) as Required<Pick<Claim, 'by' | 'digest'>> & Claim
}

function verify(bytes: Uint8Array, keys: readonly Uint8Array[]): ReturnType<typeof read> {
  const claim = read(bytes)
  if (claim.broken !== undefined) throw new ImageError('REJECTED_BY_POLICY', claim.broken)
  const known = keys.map((key) => Buffer.from(key).toString())
  if (!known.includes(claim.by))
    throw new ImageError('REJECTED_BY_POLICY', `${claim.by} is none of ${known.join(', ')}`)
  return claim
}

/** Keys are names in the files `/keys/NAME`; a claim holds if it is by one of them. */
export const fakeVerifiers: Verifiers = {
  simple: async () => ({
    verifySimpleSignature: async (bytes, { keyRings }) => ({
      payload: bytes,
      fingerprint: verify(bytes, keyRings).by.toUpperCase(),
      signingKey: '',
      userIds: [],
      signedAt: NOW,
    }),
    parseSimplePayload: (bytes) => {
      const { digest, name = '' } = read(bytes)
      return { digest: parseDigest(digest), dockerReference: name }
    },
  }),
  sigstore: async () => ({
    verifySigstoreSignature: async ({ bytes }, trust) => {
      const keys = trust.kind === 'keys' ? trust.keys : [trust.kind === 'fulcio' ? trust.ca : trust.roots]
      const { by, digest, name } = verify(bytes, keys)
      const signer = { kind: 'key' as const, fingerprint: by.toUpperCase() }
      return { digest: parseDigest(digest), dockerReference: name, evidence: { form: 'payload', signer } }
    },
  }),
  appc: async () => ({
    verifyArchiveSignature: async (bytes, { keyRings }) => ({
      fingerprint: verify(bytes, keyRings).by.toUpperCase(),
      signingKey: '',
      userIds: [],
      signedAt: NOW,
    }),
  }),
}

export interface Looks {
  manifests: number
  signatures: number
}

/** An image in memory that counts how often it is looked at. */
export function image(
  reference: ImageReference,
  signatures: readonly Signature[] = [],
  looks: Looks = { manifests: 0, signatures: 0 },
): UnparsedImage {
  const manifest: ManifestBytes = { bytes: MANIFEST, mediaType: '', digest: digestOf(MANIFEST) }
  return {
    reference,
    manifest: async () => {
      looks.manifests += 1
      return manifest
    },
    signatures: async () => {
      looks.signatures += 1
      return signatures
    },
  }
}

const KEY = /^\/keys\/([a-z]+)$/

const readFile = async (path: string): Promise<Uint8Array | undefined> => {
  const name = KEY.exec(path)?.[1]
  return name === undefined ? undefined : Buffer.from(name === 'empty' ? '' : name)
}

export function judge(policy: unknown, subject: UnparsedImage, options: JudgeOptions = {}): Promise<Judgement> {
  const given = { now: () => NOW, readFile, ...options }
  return judgeWith(fakeVerifiers, { policy: readPolicy(policy), image: subject, options: given })
}
