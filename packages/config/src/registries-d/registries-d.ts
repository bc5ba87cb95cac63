import type { ImageError } from '@crossdock/core'

/** A URL as it is written in a file. */
export interface StorageUrl {
  readonly text: string
  /** Why it is of no use, to be thrown where it would be used: the rest of the file holds all the same. */
  readonly problem: ImageError | undefined
}

/** What a namespace, or the default, says of where signatures are. What it leaves out is undefined. */
export interface SignatureNamespace {
  /** For reading and, without `lookasideStaging`, for writing. */
  readonly lookaside: StorageUrl | undefined
  /** For writing. */
  readonly lookasideStaging: StorageUrl | undefined
  readonly useSigstoreAttachments: boolean | undefined
  readonly file: string
  readonly line: number
}

/** What one file of the form containers-registries.d(5) says. */
export interface RegistriesDFile {
  readonly file: string
  readonly defaultDocker: SignatureNamespace | undefined
  readonly docker: ReadonlyMap<string, SignatureNamespace>
  /** What was read and has no effect. */
  readonly notes: readonly string[]
}

/** All files together. */
export interface RegistriesD {
  readonly defaultDocker: SignatureNamespace | undefined
  readonly docker: ReadonlyMap<string, SignatureNamespace>
  readonly notes: readonly string[]
}
