import { type Digest, digestAlgorithm, digestOf, isDigest } from '@crossdock/core'
import { isSchema1Type } from '@crossdock/formats'

export interface Claims {
  readonly wanted: Digest | undefined
  /** By the registry, in its answer's header. */
  readonly said: string | undefined
  readonly type: string
}

export interface Digests {
  /** That of the bytes, whatever the header says. */
  readonly digest: Digest
  /** What it should be, if it is not that. */
  readonly contradiction?: Contradiction | undefined
}

/** Another digest than that of the bytes, by the name that was asked for or by the answer's header. */
export interface Contradiction {
  readonly by: 'name' | 'header'
  readonly expected: Digest
}

export function manifestDigest(bytes: Uint8Array, { wanted, said, type }: Claims): Digests {
  if (wanted !== undefined) {
    const digest = digestOf(bytes, digestAlgorithm(wanted))
    return digest === wanted ? { digest } : { digest, contradiction: { by: 'name', expected: wanted } }
  }
  // The digest of a signed schema 1 manifest is not that of its bytes.
  if (!isDigest(said) || isSchema1Type(type)) return { digest: digestOf(bytes) }
  const digest = digestOf(bytes, digestAlgorithm(said))
  return digest === said ? { digest } : { digest, contradiction: { by: 'header', expected: said } }
}
