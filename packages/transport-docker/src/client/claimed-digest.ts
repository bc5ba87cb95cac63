import { type Digest, digestAlgorithm, isDigest, manifestDigest } from '@crossdock/core'

export interface Claims {
  readonly wanted: Digest | undefined
  /** By the registry, in its answer's header. */
  readonly said: string | undefined
}

export interface Digests {
  /** That of the manifest, whatever the header says. */
  readonly digest: Digest
  /** What it should be, if it is not that. */
  readonly contradiction?: Contradiction | undefined
}

/** Another digest than that of the manifest, by the name that was asked for or by the answer's header. */
export interface Contradiction {
  readonly by: 'name' | 'header'
  readonly expected: Digest
}

export function checkClaims(bytes: Uint8Array, { wanted, said }: Claims): Digests {
  if (wanted !== undefined) {
    const digest = manifestDigest(bytes, digestAlgorithm(wanted))
    return digest === wanted ? { digest } : { digest, contradiction: { by: 'name', expected: wanted } }
  }
  if (!isDigest(said)) return { digest: manifestDigest(bytes) }
  const digest = manifestDigest(bytes, digestAlgorithm(said))
  return digest === said ? { digest } : { digest, contradiction: { by: 'header', expected: said } }
}
