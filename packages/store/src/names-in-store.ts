import type { Digest } from '@crossdock/core'
import { namesToTry, parseLocation } from './transport/reference.ts'

/** What a typed name means in a store. */
export interface NamesInStore {
  /** The names that an image may have that is meant by it, the likeliest first; none for a digest alone. */
  readonly names: readonly string[]
  /** What it has to stand for. */
  readonly digest?: Digest | undefined
}

/**
 * Reads a name as people type it: `alpine` is `docker.io/library/alpine:latest`, or `alpine` where another program called it so. Throws
 * `INVALID_REFERENCE`.
 */
export function namesInStore(text: string): NamesInStore {
  const location = parseLocation(text)
  return { names: namesToTry(location), digest: location.digest }
}
