import type { CredentialsExplanation } from '../auth/explain-credentials.ts'
import type { SearchedPlace } from '../host/find-files.ts'
import type { PolicyFile } from '../policy-file/find-policy-file.ts'
import type { RegistryEntry } from '../registries-conf/registries-conf.ts'
import type { SignatureConfig } from '../registries-d/signature-config.ts'

/**
 * What a machine has configured for a registry or an image, and which files say so, as data. A part whose files are wrong has `problem` in place of
 * what it would say. No secret is in it.
 */
export interface Explanation {
  readonly subject: { readonly kind: 'host' | 'image'; readonly name: string }
  readonly registries: RegistriesExplanation
  /** For each host that would be spoken to: that of the name, and those of its mirrors. */
  readonly hosts: readonly HostExplanation[]
  readonly signatures: SignaturesExplanation
  readonly policy: PolicyExplanation
}

export interface RegistriesExplanation {
  readonly searched: readonly SearchedPlace[]
  readonly problem?: string | undefined
  /** The entry that decides; undefined if none applies. */
  readonly entry?: RegistryEntry | undefined
  /** Of a host: the entries for parts of it. */
  readonly below?: readonly RegistryEntry[] | undefined
  readonly blocked?: string | undefined
  /** Where the image is read from, in order. */
  readonly sources: readonly SourceExplanation[]
  /** Whether it is written without TLS being checked. */
  readonly insecure: boolean
  /** Of a name without registry: what tools that resolve short names take it for. */
  readonly shortName?: ShortNameExplanation | undefined
  /** Lines of files that have no effect. */
  readonly notes: readonly string[]
}

export interface SourceExplanation {
  readonly reference: string
  readonly insecure: boolean
  readonly isMirror: boolean
}

export interface ShortNameExplanation {
  readonly mode: string
  readonly candidates: readonly {
    readonly reference: string
    readonly origin: string
    readonly file?: string | undefined
  }[]
  readonly problem?: string | undefined
}

export interface HostExplanation {
  /** `HOST[:PORT]` */
  readonly host: string
  readonly certificates: CertificatesExplanation
  readonly credentials: Partial<CredentialsExplanation> & { readonly problem?: string | undefined }
}

export interface CertificatesExplanation {
  readonly searched: readonly SearchedPlace[]
  readonly folder?: string | undefined
  /** How many authorities are trusted besides the usual ones. */
  readonly authorities: number
  /** Whether there is a certificate of the client. */
  readonly client: boolean
  readonly problem?: string | undefined
}

export interface SignaturesExplanation extends Partial<SignatureConfig> {
  readonly searched: readonly SearchedPlace[]
  readonly notes: readonly string[]
  readonly problem?: string | undefined
}

export interface PolicyExplanation {
  readonly file?: PolicyFile | undefined
  /** The usual places. */
  readonly places: readonly string[]
  readonly problem?: string | undefined
}
