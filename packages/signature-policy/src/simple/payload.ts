import { type Digest, ImageError, parseDigest } from '@crossdock/core'
import { readStrictJson, type StrictJson } from '@crossdock/config'

/** What a simple signature vouches for (containers-signature(5), "The data format"). */
export interface SimplePayload {
  /** Of the manifest. */
  readonly digest: Digest
  /** The name that the signer gave the image, as it is written there: not checked, not normalised. */
  readonly dockerReference: string
  /** What made the signature; for people. */
  readonly creator?: string | undefined
  /** When, in seconds since 1970; for people. */
  readonly timestamp?: number | undefined
}

/** The most bytes of a simple signature, and of what it unpacks to. */
export const MAX_SIMPLE_SIGNATURE_BYTES: number = 4 * 1024 * 1024

const TYPE = 'atomic container signature'

/**
 * Reads what was signed, and nothing else: every object has exactly the keys that the format names, each once. Only `optional` may hold
 * others. To be called with bytes whose signature has been verified.
 *
 * Throws `REJECTED_BY_POLICY` with the place of what is wrong.
 */
export function parseSimplePayload(bytes: Uint8Array): SimplePayload {
  try {
    return readPayload(readStrictJson(bytes, { what: 'the signed payload', maxBytes: MAX_SIMPLE_SIGNATURE_BYTES }))
  } catch (cause) {
    throw new ImageError('REJECTED_BY_POLICY', cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

function readPayload(document: StrictJson): SimplePayload {
  const root = members(document, [], { keys: ['critical', 'optional'] })
  const critical = members(document, ['critical'], { keys: ['type', 'image', 'identity'], value: root['critical'] })
  if (critical['type'] !== TYPE) throw document.error(['critical', 'type'], `it must be "${TYPE}"`)
  const image = members(document, ['critical', 'image'], { keys: ['docker-manifest-digest'], value: critical['image'] })
  const identity = members(document, ['critical', 'identity'], {
    keys: ['docker-reference'],
    value: critical['identity'],
  })
  const dockerReference = identity['docker-reference']
  if (typeof dockerReference !== 'string') {
    throw document.error(['critical', 'identity', 'docker-reference'], 'it must be text')
  }
  return {
    digest: readDigest(document, image['docker-manifest-digest']),
    dockerReference,
    ...readOptional(document, root['optional']),
  }
}

function readDigest(document: StrictJson, value: unknown): Digest {
  try {
    return parseDigest(value)
  } catch (error) {
    throw document.error(
      ['critical', 'image', 'docker-manifest-digest'],
      error instanceof Error ? error.message : 'it is no digest',
    )
  }
}

function readOptional(document: StrictJson, value: unknown): Pick<SimplePayload, 'creator' | 'timestamp'> {
  if (!isObject(value)) throw document.error(['optional'], 'it must be an object')
  // Null counts as nothing, as it does for containers/image.
  const creator = value['creator'] ?? undefined
  const timestamp = value['timestamp'] ?? undefined
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

/** An object with exactly these keys. Default for `value`: the whole document. */
function members(
  document: StrictJson,
  path: readonly string[],
  { keys, value = document.value }: { readonly keys: readonly string[]; readonly value?: unknown },
): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw document.error(path, 'it must be an object')
  const missing = keys.find((key) => !Object.hasOwn(value, key))
  if (missing !== undefined) throw document.error(path, `the key "${missing}" is missing`)
  const unknown = Object.keys(value).find((key) => !keys.includes(key))
  if (unknown !== undefined) throw document.error([...path, unknown], 'there must be no other keys than the known ones')
  return value
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The bytes to sign. Keys are in the order in which containers/image writes them. */
export function writeSimplePayload({ digest, dockerReference, creator, timestamp }: SimplePayload): Uint8Array {
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
