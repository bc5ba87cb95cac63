import { type Digest, ImageError, parseDigest } from '@crossdock/core'
import { readStrictJson, type StrictJson } from '@crossdock/config'
import { exactObjectAt, objectAt, textAt } from './json-object.ts'

/** What a cosign signature vouches for (cosign, SIGNATURE_SPEC.md, "Simple Signing"). */
export interface SigstorePayload {
  /** Of the manifest. */
  readonly digest: Digest
  /** The name that the signer gave the image, as it is written there: not checked, not normalised. */
  readonly dockerReference: string
  /** What made the signature; for people. */
  readonly creator?: string | undefined
  /** When, in seconds since 1970; for people. */
  readonly timestamp?: number | undefined
}

export const SIGSTORE_PAYLOAD_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json'

export const MAX_SIGSTORE_PAYLOAD_BYTES: number = 1024 * 1024

const TYPE = 'cosign container image signature'

/**
 * Reads what was signed, and nothing else: every object has exactly the keys that the format names, each once. Only `optional` may hold
 * others; cosign writes null there if there is nothing. To be called with bytes whose signature has been verified.
 *
 * Throws `INVALID_DATA` and `LIMIT_EXCEEDED`.
 */
export function parseSigstorePayload(bytes: Uint8Array): SigstorePayload {
  const document = readStrictJson(bytes, { what: 'the signed payload', maxBytes: MAX_SIGSTORE_PAYLOAD_BYTES })
  const root = exactObjectAt(document, [], ['critical', 'optional'])
  const critical = exactObjectAt(document, ['critical'], ['type', 'image', 'identity'])
  if (critical['type'] !== TYPE) throw document.error(['critical', 'type'], `it must be "${TYPE}"`)
  exactObjectAt(document, ['critical', 'image'], ['docker-manifest-digest'])
  exactObjectAt(document, ['critical', 'identity'], ['docker-reference'])
  return {
    digest: digestAt(document, ['critical', 'image', 'docker-manifest-digest']),
    dockerReference: textAt(document, ['critical', 'identity', 'docker-reference']),
    ...(root['optional'] !== null && readOptional(document)),
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

function readOptional(document: StrictJson): Pick<SigstorePayload, 'creator' | 'timestamp'> {
  const optional = objectAt(document, ['optional'])
  const { creator = null, timestamp = null } = optional
  if (creator !== null && typeof creator !== 'string') throw document.error(['optional', 'creator'], 'it must be text')
  if (timestamp !== null && !isSeconds(timestamp)) {
    throw document.error(['optional', 'timestamp'], 'it must be a whole number of seconds')
  }
  return { ...(creator !== null && { creator }), ...(timestamp !== null && { timestamp }) }
}

/** What fits into 64 bits: nothing is computed from it, so that it may be too large to be exact. */
function isSeconds(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 63
}

/** The bytes to sign. Keys are in the order in which containers/image writes them. */
export function writeSigstorePayload({ digest, dockerReference, creator, timestamp }: SigstorePayload): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': dockerReference },
        image: { 'docker-manifest-digest': digest },
        type: TYPE,
      },
      optional: { creator, timestamp },
    }),
  )
}
