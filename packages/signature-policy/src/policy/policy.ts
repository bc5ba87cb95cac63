import type { DockerReference } from '@crossdock/core'

/** Who must have signed what: a policy.json that has been read and checked (containers-policy.json(5)). */
export interface Policy {
  /** The file, for messages; undefined for a policy that no file holds. */
  readonly file?: string | undefined
  /** For images of which no scope is listed. Never empty. */
  readonly default: readonly PolicyRequirement[]
  /** By transport, then by scope; the scope "" is for every other image of the transport. No list is empty. */
  readonly transports: ReadonlyMap<string, ReadonlyMap<string, readonly PolicyRequirement[]>>
}

/** What an image must fulfil. Of several all must hold. */
export type PolicyRequirement =
  | InsecureAcceptAnything
  | Reject
  | SignedBy
  | SignedBaseLayer
  | SigstoreSigned
  | AppcSignedBy

/** Accepts, and authenticates nothing. */
export interface InsecureAcceptAnything {
  readonly type: 'insecureAcceptAnything'
}

export interface Reject {
  readonly type: 'reject'
}

/** A simple signature by one of the keys. */
export interface SignedBy {
  readonly type: 'signedBy'
  readonly keyType: SignedByKeyType
  readonly keys: readonly KeySource[]
  readonly signedIdentity: SignedIdentity
}

/** Only `GPGKeys` can be judged; the others are refused when an image is. */
export type SignedByKeyType = 'GPGKeys' | 'signedByGPGKeys' | 'X509Certificates' | 'signedByX509CAs'

/** Part of the format, and fulfilled by no image: nobody ever defined how it is checked. */
export interface SignedBaseLayer {
  readonly type: 'signedBaseLayer'
  readonly baseLayerIdentity: SignedIdentity
}

/** A sigstore signature that one of the roots of trust vouches for. */
export interface SigstoreSigned {
  readonly type: 'sigstoreSigned'
  readonly trust: SigstoreTrustSources
  readonly signedIdentity: SignedIdentity
}

export type SigstoreTrustSources =
  | { readonly kind: 'keys'; readonly keys: readonly KeySource[]; readonly rekorKeys: readonly KeySource[] }
  | ({ readonly kind: 'fulcio'; readonly rekorKeys: readonly KeySource[] } & FulcioIdentity)
  | ({ readonly kind: 'pki' } & PkiIdentity)

/** Whom a certificate of a Fulcio authority must be made out to: at least one of the subjects, both if both are given. */
export interface FulcioIdentity {
  readonly ca: KeySource
  readonly oidcIssuer: string
  readonly subjectEmail?: string | undefined
  /** Of a workload, as GitHub Actions has it. An extension of Crossdock's. */
  readonly subjectURI?: string | undefined
}

/** Whom a certificate of one's own authority must be made out to: at least one of the subjects, both if both are given. */
export interface PkiIdentity {
  readonly roots: KeySource
  readonly intermediates?: KeySource | undefined
  readonly subjectEmail?: string | undefined
  readonly subjectHostname?: string | undefined
}

/** A detached OpenPGP signature of an App Container Image (`.asc`). An extension of Crossdock's: decision 15. */
export interface AppcSignedBy {
  readonly type: 'appcSignedBy'
  readonly keys: AppcKeySource
  readonly signedIdentity: AppcIdentity
}

export type AppcKeySource =
  | { readonly kind: 'keys'; readonly keys: readonly KeySource[] }
  /** Folders with `root.d` and `prefix.d`, rkt's key stores, from the least to the most local. */
  | { readonly kind: 'keyStores'; readonly folders: readonly string[] }

/** Which name the image must have: the one that was asked for, this one, or this one or one below it. */
export type AppcIdentity =
  | { readonly type: 'matchName' }
  | { readonly type: 'exactName'; readonly name: string }
  | { readonly type: 'namePrefix'; readonly prefix: string }

/** Where key material comes from. */
export type KeySource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }

/**
 * Which name a signature must vouch for (containers-policy.json(5), "signedIdentity"). `matchDigest` is an extension of Crossdock's: any
 * name, or none, if the signature is for this very manifest.
 */
export type SignedIdentity =
  | { readonly type: 'matchDigest' }
  | { readonly type: 'matchExact' }
  | { readonly type: 'matchRepoDigestOrExact' }
  | { readonly type: 'matchRepository' }
  | { readonly type: 'exactReference'; readonly dockerReference: DockerReference }
  | { readonly type: 'exactRepository'; readonly dockerRepository: DockerReference }
  | { readonly type: 'remapIdentity'; readonly prefix: string; readonly signedPrefix: string }

/** What holds where nobody has configured anything: every image is accepted, and nothing is authenticated. */
export const acceptingPolicy: Policy = Object.freeze({
  default: Object.freeze([Object.freeze({ type: 'insecureAcceptAnything' as const })]),
  transports: new Map(),
})
