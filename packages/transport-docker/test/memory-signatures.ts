import type { Signature, SignatureStorage } from '@crossdock/core'
import { MAX_SIGNATURE_BYTES, MAX_SIGNATURES } from '@crossdock/formats'
import { ImageError, repositoryName, type DockerReference } from '@crossdock/core'

export interface MemorySignatures extends SignatureStorage {
  /** `read`, `write` and `delete` with the repository, in order. */
  readonly calls: readonly string[]
}

/** Signatures in memory, with the limits that files have. */
export function memorySignatures(): MemorySignatures {
  const kept = new Map<string, readonly Signature[]>()
  const calls: string[] = []
  const keyOf = (call: string, image: DockerReference, digest: string): string => {
    calls.push(`${call} ${repositoryName(image)}`)
    return `${repositoryName(image)}@${digest}`
  }
  return {
    calls,
    read: async (image, digest) => kept.get(keyOf('read', image, digest)) ?? [],
    async write(image, digest, signatures) {
      if (
        signatures.length > MAX_SIGNATURES ||
        signatures.some(({ bytes }) => bytes.byteLength > MAX_SIGNATURE_BYTES)
      ) {
        throw new ImageError('LIMIT_EXCEEDED', 'too much')
      }
      kept.set(keyOf('write', image, digest), signatures)
    },
    delete: async (image, digest) => void kept.delete(keyOf('delete', image, digest)),
  }
}
