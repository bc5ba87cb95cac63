import { type Digest, ImageError, type ImageErrorCode, isDigest, quoteForeign, type Side } from '@crossdock/core'
import { failureText, type HttpResponse, readErrorBody } from '@crossdock/http'

/** What was asked for when a registry refused. */
export interface FailureContext {
  /** `manifest 3.20 of docker://example.com/app`. */
  readonly what: string
  /** What kind of thing it is; decides what codes mean and what advice is given. */
  readonly subject: 'manifest' | 'blob' | 'upload' | 'tags' | 'referrers' | 'signatures' | 'registry'
  readonly side?: Side | undefined
  readonly image?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** More names of missing content than any manifest that is accepted could have. */
const MAX_MISSING = 10_000

/** A refusal, read: its body is consumed. */
export interface Refusal {
  readonly status: number
  /** The registry's own codes (distribution-spec, "Error Codes"), `MANIFEST_UNKNOWN`. Empty if the body is not in that form. */
  readonly codes: readonly string[]
  /** Digests that the errors name. */
  readonly digests: readonly Digest[]
  /** Status, codes and texts in one line, fit for a message. */
  readonly text: string
  /** It may be different later, but the client has asked as often as it does. */
  readonly exhausted: boolean
}

/** Reads what a registry says with a refusal, 64 KiB at most. Throws only for an abort. */
export async function readRefusal(response: HttpResponse, signal?: AbortSignal): Promise<Refusal> {
  const bytes = await readErrorBody(response, signal)
  const text = await failureText({ ...response, body: once(bytes) }, signal)
  const errors = errorList(bytes)
  const codes = errors.map(({ code }) => code).filter((code) => code !== '')
  return {
    status: response.status,
    codes,
    digests: errors.flatMap(({ digests }) => digests),
    text,
    exhausted: response.exhausted === true,
  }
}

/** What a registry refused, as an error of the contract. */
export async function responseError(response: HttpResponse, context: FailureContext): Promise<ImageError> {
  return refusalError(await readRefusal(response, context.signal), context)
}

export function refusalError(refusal: Refusal, context: FailureContext): ImageError {
  const { side, image } = context
  const code = codeOf(refusal, context)
  const lacks = code === 'CONFLICT' && context.subject === 'manifest' && saysMissing(refusal)
  const advice = lacks ? 'what it names is not there: push it again' : ADVICE[code]?.(refusal, context)
  return new ImageError(
    code,
    `${context.what}: ${SHORT[code] ?? 'refused'}, ${refusal.text}${advice === undefined ? '' : `; ${advice}`}`,
    {
      side,
      image,
      retryable: isPassing(refusal, code),
      ...(lacks && { missing: refusal.digests.slice(0, MAX_MISSING) }),
    },
  )
}

/** Whether the registry has no such thing: nothing else is said by these statuses, whatever the codes. */
export function isMissing({ status }: { readonly status: number }): boolean {
  return status === 404 || status === 410
}

/** Whether HEAD was not answered for what it is: some registries and proxies refuse the method or say 403 for "missing". */
export function isHeadRefused({ status }: { readonly status: number }): boolean {
  return status === 400 || status === 403 || status === 405 || status === 501
}

/** Whether this registry does not know the endpoint at all. */
export function isUnknownEndpoint({ status }: { readonly status: number }): boolean {
  return status === 404 || status === 400 || status === 405 || status === 501
}

export function isTooLarge({ status }: { readonly status: number }): boolean {
  return status === 413
}

/** Whether the offset of a chunk was refused. */
export function isOffsetRefused({ status }: { readonly status: number }): boolean {
  return status === 416
}

export function isSuccess({ status }: { readonly status: number }): boolean {
  return status >= 200 && status < 300
}

export function isRedirect({ status }: { readonly status: number }): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308
}

/** Whether the server may answer otherwise by itself later. */
export function isServerTrouble({ status }: { readonly status: number }): boolean {
  return status === 408 || status === 429 || status === 499 || (status >= 500 && status !== 501 && status !== 505)
}

/** Whether a request failed because of who sent it. */
export function isAccessRefused(error: unknown): boolean {
  return error instanceof ImageError && (error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN')
}

const BY_STATUS: ReadonlyMap<number, ImageErrorCode> = new Map([
  [401, 'UNAUTHENTICATED'],
  [403, 'FORBIDDEN'],
  [404, 'NOT_FOUND'],
  [405, 'UNSUPPORTED'],
  [409, 'CONFLICT'],
  [410, 'NOT_FOUND'],
  [412, 'CONFLICT'],
  [413, 'LIMIT_EXCEEDED'],
  [414, 'LIMIT_EXCEEDED'],
  [415, 'UNSUPPORTED'],
  [416, 'CONFLICT'],
  [429, 'RATE_LIMITED'],
  [431, 'LIMIT_EXCEEDED'],
  [451, 'FORBIDDEN'],
  [501, 'UNSUPPORTED'],
  [505, 'UNSUPPORTED'],
])

/** For the statuses that say little, 400 above all. */
const BY_CODE: ReadonlyMap<string, ImageErrorCode> = new Map([
  ['DENIED', 'FORBIDDEN'],
  ['DIGEST_INVALID', 'DIGEST_MISMATCH'],
  ['SIZE_INVALID', 'DIGEST_MISMATCH'],
  ['MANIFEST_INVALID', 'UNSUPPORTED'],
  ['MANIFEST_UNVERIFIED', 'UNSUPPORTED'],
  ['TAG_INVALID', 'INVALID_REFERENCE'],
  ['NAME_INVALID', 'INVALID_REFERENCE'],
  ['TOOMANYREQUESTS', 'RATE_LIMITED'],
  ['UNAUTHORIZED', 'UNAUTHENTICATED'],
  ['UNSUPPORTED', 'UNSUPPORTED'],
  ['BLOB_UPLOAD_INVALID', 'CONFLICT'],
  ['BLOB_UPLOAD_UNKNOWN', 'CONFLICT'],
])

function codeOf(refusal: Refusal, context: FailureContext): ImageErrorCode {
  const { status, codes } = refusal
  // A manifest is refused for what it names with 400 by most, with 404 by some.
  if (context.subject === 'manifest' && context.side === 'destination' && saysMissing(refusal)) return 'CONFLICT'
  const byStatus = BY_STATUS.get(status)
  if (byStatus !== undefined) return byStatus
  if (isServerTrouble(refusal)) return 'UNAVAILABLE'
  for (const code of codes) {
    const known = BY_CODE.get(code)
    if (known !== undefined) return known
  }
  return 'INVALID_DATA'
}

function saysMissing({ status, codes }: Refusal): boolean {
  if (status < 400 || status >= 500) return false
  return codes.some((code) => code === 'MANIFEST_BLOB_UNKNOWN' || code === 'BLOB_UNKNOWN')
}

/** An upload that got out of step begins anew; what the registry says of a manifest stays said. */
function isPassing(refusal: Refusal, code: ImageErrorCode): boolean {
  if (refusal.exhausted) return false
  return code === 'UNAVAILABLE' || code === 'RATE_LIMITED' || (isServerTrouble(refusal) && code !== 'UNSUPPORTED')
}

const SHORT: Partial<Record<ImageErrorCode, string>> = {
  NOT_FOUND: 'not found',
  UNAUTHENTICATED: 'not logged in',
  FORBIDDEN: 'permission denied',
  RATE_LIMITED: 'the registry limits the rate of requests',
  UNAVAILABLE: 'the registry failed',
  DIGEST_MISMATCH: 'the registry found other bytes than announced',
  LIMIT_EXCEEDED: 'too large for the registry',
  CONFLICT: 'the registry reports a conflict',
  UNSUPPORTED: 'the registry does not take this',
  INVALID_DATA: 'unexpected answer',
}

type Advice = (refusal: Refusal, context: FailureContext) => string | undefined

const ADVICE: Partial<Record<ImageErrorCode, Advice>> = {
  NOT_FOUND: ({ codes }, { subject, side }) => {
    if (codes.includes('NAME_UNKNOWN') || subject === 'tags')
      return 'check the name of the repository and that you may read it'
    if (side === 'destination') return 'check that the repository exists: some registries want it created first'
    return subject === 'manifest' ? 'check the repository and the tag' : undefined
  },
  UNAUTHENTICATED: () => 'log in to the registry',
  FORBIDDEN: (_, { side, subject }) =>
    subject === 'registry'
      ? 'check that the account may use the registry'
      : `check that the account may ${side === 'destination' ? 'write to' : 'read'} the repository`,
  RATE_LIMITED: () => 'wait, or log in for a higher limit',
  UNAVAILABLE: () => 'try again later',
  UNSUPPORTED: ({ codes }, { subject }) =>
    subject === 'manifest' && codes.length > 0 ? 'it may take another manifest format' : undefined,
}

interface RegistryError {
  readonly code: string
  readonly digests: readonly Digest[]
}

function errorList(bytes: Uint8Array): readonly RegistryError[] {
  let document: unknown
  try {
    document = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return []
  }
  const errors = own(document, 'errors')
  if (!Array.isArray(errors)) return []
  return errors.slice(0, MAX_MISSING).map((error: unknown) => {
    const code = own(error, 'code')
    const told = `${JSON.stringify(own(error, 'detail')) ?? ''} ${String(own(error, 'message'))}`
    const digests = [...new Set(told.match(/\bsha(?:256|512):[0-9a-f]{64,128}\b/g))].filter((digest) =>
      isDigest(digest),
    )
    return { code: typeof code === 'string' ? quoteForeign(code, 60) : '', digests }
  })
}

function own(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes
}
