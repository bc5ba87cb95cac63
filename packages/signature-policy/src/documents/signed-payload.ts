import { type Digest, ImageError, parseDigest } from '@crossdock/core'
import { readStrictJson, type StrictJson } from '@crossdock/config'
import { exactObjectAt, objectAt, textAt } from './json-object.ts'

/** What a signature vouches for, in the form that simple signing and cosign share (containers-signature(5), "The data format"). */
export interface SignedPayload {
  /** Of the manifest. */
  readonly digest: Digest
  /** The name that the signer gave the image, as it is written there: not checked, not normalised. */
  readonly dockerReference: string
  /** What made the signature; for people. */
  readonly creator?: string | undefined
  /** When, in seconds since 1970; for people. */
  readonly timestamp?: number | undefined
}

/** How a kind of signature writes it. */
export interface PayloadForm {
  readonly type: string
  /** Whether `optional` may be null, as cosign has it. */
  readonly nullOptional: boolean
  readonly maxBytes: number
}

/**
 * Reads what was signed, and nothing else: every object has exactly the keys that the format names, each once. Only `optional` may hold
 * others. To be called with bytes whose signature has been verified.
 *
 * Throws `INVALID_DATA`, with the place of what is wrong, and `LIMIT_EXCEEDED`.
 */
export function readSignedPayload(bytes: Uint8Array, { type, nullOptional, maxBytes }: PayloadForm): SignedPayload {
  const document = readStrictJson(bytes, { what: 'the signed payload', maxBytes })
  const root = exactObjectAt(document, [], ['critical', 'optional'])
  const critical = exactObjectAt(document, ['critical'], ['type', 'image', 'identity'])
  if (critical['type'] !== type) throw document.error(['critical', 'type'], `it must be "${type}"`)
  exactObjectAt(document, ['critical', 'image'], ['docker-manifest-digest'])
  exactObjectAt(document, ['critical', 'identity'], ['docker-reference'])
  return {
    digest: digestAt(document, ['critical', 'image', 'docker-manifest-digest']),
    dockerReference: textAt(document, ['critical', 'identity', 'docker-reference']),
    ...(root['optional'] === null && nullOptional ? {} : readOptional(document)),
  }
}

function digestAt(document: StrictJson, path: readonly string[]): Digest {
  const text = textAt(document, path)
  try {
    return parseDigest(text)
  } catch (error) {
    throw document.error(path, error instanceof ImageError ? error.message : 'it is no digest')
  }
}

/** Null counts as nothing, as it does for containers/image. */
function readOptional(document: StrictJson): Pick<SignedPayload, 'creator' | 'timestamp'> {
  const optional = objectAt(document, ['optional'])
  const creator = optional['creator'] ?? undefined
  const timestamp = optional['timestamp'] ?? undefined
  if (creator !== undefined && typeof creator !== 'string') {
    throw document.error(['optional', 'creator'], 'it must be text')
  }
  if (timestamp !== undefined && !isSeconds(timestamp)) {
    throw document.error(['optional', 'timestamp'], 'it must be a whole number of seconds')
  }
  return { ...(creator !== undefined && { creator }), ...(timestamp !== undefined && { timestamp }) }
}

/** What fits into 64 bits; beyond 2^53 it is not exact, which is good enough for people. */
function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 63
}

/** The bytes to sign. Keys are in the order in which containers/image writes them. */
export function writeSignedPayload(
  { digest, dockerReference, creator, timestamp }: SignedPayload,
  { type }: PayloadForm,
): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': dockerReference },
        image: { 'docker-manifest-digest': digest },
        type,
      },
      optional: { creator, timestamp },
    }),
  )
}
