import { type Digest, digestAlgorithm, digestEncoded, ImageError } from '@crossdock/core'
import { IN_TOTO, isObject, member, parseJsonToRewrite } from '@crossdock/formats'

/** An in-toto statement (github.com/in-toto/attestation, spec/v1/statement.md): somebody says something of artifacts. */
export interface Statement {
  readonly predicateType: string
  readonly predicate: unknown
  /** The digests of what it is about, as `sha256:…`; what has none is left out. */
  readonly subjects: readonly string[]
}

export interface StatementOptions {
  /** For messages. */
  readonly what: string
  readonly maxBytes: number
}

/** How a statement is wrapped: not at all, in a DSSE envelope, or in a sigstore bundle around that. */
export type Wrapping = 'statement' | 'envelope' | 'bundle'

/** Unwraps a statement; no signature is looked at. Throws `INVALID_DATA` and `LIMIT_EXCEEDED`. Undefined for a bundle that has none. */
export function readStatement(bytes: Uint8Array, wrapping: Wrapping, options: StatementOptions): Statement | undefined {
  const document = parseJsonToRewrite(bytes, options)
  if (wrapping === 'statement') return asStatement(document, options)
  const envelope = wrapping === 'bundle' ? memberOf(document, 'dsseEnvelope') : document
  if (envelope === undefined) return undefined
  const payload = memberOf(envelope, 'payload')
  const type = memberOf(envelope, 'payloadType')
  if (type !== IN_TOTO || typeof payload !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(payload)) {
    throw new ImageError('INVALID_DATA', `${options.what} is no envelope around an in-toto statement`)
  }
  return asStatement(parseJsonToRewrite(Buffer.from(payload, 'base64'), options), options)
}

function asStatement(document: unknown, { what }: StatementOptions): Statement {
  const predicateType = memberOf(document, 'predicateType')
  const subjects = memberOf(document, 'subject')
  if (typeof predicateType !== 'string' || !(subjects === undefined || Array.isArray(subjects))) {
    throw new ImageError('INVALID_DATA', `${what} is no in-toto statement`)
  }
  return {
    predicateType,
    predicate: memberOf(document, 'predicate'),
    subjects: (subjects ?? []).flatMap((subject: unknown) => digestsOf(memberOf(subject, 'digest'))),
  }
}

function digestsOf(digest: unknown): readonly string[] {
  if (typeof digest !== 'object' || digest === null) return []
  return Object.entries(digest).map(([algorithm, encoded]) => `${algorithm}:${String(encoded)}`)
}

/** Whether the statement is about a manifest. */
export function isAbout({ subjects }: Statement, digest: Digest): boolean {
  return subjects.includes(`${digestAlgorithm(digest)}:${digestEncoded(digest)}`)
}

function memberOf(value: unknown, key: string): unknown {
  return isObject(value) ? member(value, key) : undefined
}
