import { ImageError, quoteForeign } from './errors.ts'

/** The algorithms that are verified here; every other one is refused by name (image-spec, descriptor.md, "Digests"). */
export type DigestAlgorithm = 'sha256' | 'sha512'

/** `algorithm:encoded`, made only by {@link parseDigest} or by hashing: whoever holds one holds a valid one. */
export type Digest = `${DigestAlgorithm}:${string}` & { readonly '~digest': true }

const ENCODED: ReadonlyMap<string, RegExp> = new Map([
  ['sha256', /^[0-9a-f]{64}$/],
  ['sha512', /^[0-9a-f]{128}$/],
])

export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && digestProblem(value) === undefined
}

/** Throws `INVALID_DATA` unless `value` is a string of the form `sha256:<64 lower-case hex>` or `sha512:<128 …>`. */
export function parseDigest(value: unknown): Digest {
  if (isDigest(value)) return value
  if (typeof value !== 'string') throw new ImageError('INVALID_DATA', `a digest must be a string, not ${typeOf(value)}`)
  const problem = digestProblem(value) ?? ''
  throw new ImageError('INVALID_DATA', `invalid digest "${quoteForeign(value, 100)}": ${problem}`)
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256'
}

/** The part after the colon, safe as a file name. */
export function digestEncoded(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1)
}

/** For people: the algorithm and the first twelve characters. */
export function shortDigest(digest: Digest): string {
  return `${digestAlgorithm(digest)}:${digestEncoded(digest).slice(0, 12)}`
}

function digestProblem(value: string): string | undefined {
  const colon = value.indexOf(':')
  if (colon < 0) return 'no ":" between algorithm and value'
  const algorithm = value.slice(0, colon)
  const encoded = ENCODED.get(algorithm)
  if (encoded === undefined)
    return `the algorithm "${quoteForeign(algorithm, 40)}" is not supported; use sha256 or sha512`
  if (!encoded.test(value.slice(colon + 1))) {
    return `${algorithm} takes exactly ${algorithm === 'sha256' ? 64 : 128} lower-case hexadecimal characters`
  }
  return undefined
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : typeof value
}
