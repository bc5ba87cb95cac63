import { digestOf, type Signature } from '@crossdock/core'
import { goStrings } from '../go-text.ts'

/** Each once, where it stands first. */
export function distinctSignatures(signatures: readonly Signature[]): readonly Signature[] {
  const seen = new Set<string>()
  return signatures.filter((signature) => {
    const key = keyOf(signature)
    return !seen.has(key) && seen.add(key)
  })
}

/** Those that are not among `known`. */
export function newSignatures(signatures: readonly Signature[], known: readonly Signature[]): readonly Signature[] {
  const keys = new Set(known.map(keyOf))
  return signatures.filter((signature) => !keys.has(keyOf(signature)))
}

function keyOf(signature: Signature): string {
  const digest = digestOf(signature.bytes)
  if (signature.format === 'simple') return digest
  return `${digest} ${signature.mediaType} ${goStrings(signature.annotations) ?? ''}`
}
