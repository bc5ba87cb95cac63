/** A token and how long it may be used. */
export interface Token {
  readonly value: string
  readonly lifetimeMs: number
}

const MIN_SECONDS = 60
const MAX_SECONDS = 7 * 24 * 3600

/** Reads a token service's answer; the result is a text if it cannot be used, saying why, with nothing of the answer in it. */
export function readTokenAnswer(bytes: Uint8Array): Token | string {
  let document: unknown
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return 'its answer is not JSON'
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    return 'its answer is not a JSON object'
  const members: Readonly<Record<string, unknown>> = { ...document }
  const value = [members['token'], members['access_token']].find(
    (token) => token !== undefined && token !== null && token !== '',
  )
  if (value === undefined) return 'its answer holds no token'
  // Nothing but this may stand in a header.
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) return 'the token in its answer is not a token'
  return { value, lifetimeMs: lifetimeSeconds(members['expires_in']) * 1000 }
}

/** At least 60 s, whatever the service says (distribution, "Token Authentication"): less would mean a token for each request. */
function lifetimeSeconds(value: unknown): number {
  const seconds = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return MIN_SECONDS
  return Math.min(Math.max(seconds, MIN_SECONDS), MAX_SECONDS)
}
