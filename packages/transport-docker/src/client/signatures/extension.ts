import { randomBytes } from 'node:crypto'
import { type Digest, ImageError, type OperationOptions, shortDigest, type SimpleSignature } from '@crossdock/core'
import { isObject, MAX_SIGNATURE_BYTES, MAX_SIGNATURES, member, parseJsonDocument } from '@crossdock/formats'
import { readBytes } from '@crossdock/streams'
import { isMissing, isSuccess } from '../../errors.ts'
import type { Repository, RepositoryRequest } from '../repository.ts'

/*
 * OpenShift's registry keeps simple signatures beside images, and announces it with the header X-Registry-Supports-Signatures. Each is an
 * object of schema version 2 and type "atomic" with the bytes in base64 and a name, DIGEST@ and 32 hexadecimal digits.
 */

/** Room for every signature of the longest list, in base64 and with its name. */
const MAX_LIST_BYTES = 2 * MAX_SIGNATURE_BYTES

/** The simple signatures that the registry keeps beside the manifest. Throws `INVALID_DATA`, `LIMIT_EXCEEDED`. */
export async function readExtension(
  repository: Repository,
  digest: Digest,
  operation?: OperationOptions,
): Promise<readonly SimpleSignature[]> {
  const request = await requestOf(repository, digest, { method: 'GET', operation })
  const response = await repository.send(request)
  if (isMissing(response)) {
    await response.discard()
    return []
  }
  if (!isSuccess(response)) throw await repository.failure(response, request)
  const { what } = repository.context(request)
  const bytes = await readBytes(response.body, { limitBytes: MAX_LIST_BYTES, what })
  return parseList(bytes, what)
}

/** Adds those that are not there yet. */
export async function addToExtension(
  repository: Repository,
  digest: Digest,
  { signatures, operation }: { readonly signatures: readonly SimpleSignature[]; readonly operation?: OperationOptions },
): Promise<void> {
  const known = new Set((await readExtension(repository, digest, operation)).map(contentOf))
  for (const content of new Set(signatures.map(contentOf))) {
    if (known.has(content)) continue
    const name = `${digest}@${randomBytes(16).toString('hex')}`
    const body = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, name, type: 'atomic', content }))
    const request = await requestOf(repository, digest, { method: 'PUT', body, operation })
    const response = await repository.send(request)
    if (!isSuccess(response)) throw await repository.failure(response, request)
    await response.discard()
  }
}

function contentOf({ bytes }: SimpleSignature): string {
  return Buffer.from(bytes).toString('base64')
}

type Sending = Pick<RepositoryRequest, 'method' | 'body' | 'operation'>

/** Beside the API of the registry, not below it. */
async function requestOf(repository: Repository, digest: Digest, sending: Sending): Promise<RepositoryRequest> {
  const base = await repository.apiBase(sending.operation)
  return {
    ...sending,
    url: new URL(`/extensions/v2/${repository.name}/signatures/${digest}`, base),
    headers: sending.body === undefined ? {} : { 'content-type': 'application/json' },
    access: sending.method === 'GET' ? 'pull' : 'push',
    subject: 'signatures',
    what: `signatures of ${shortDigest(digest)}`,
    wholeUpToBytes: sending.method === 'GET' ? MAX_LIST_BYTES : undefined,
  }
}

function parseList(bytes: Uint8Array, what: string): readonly SimpleSignature[] {
  const document = parseJsonDocument(bytes, { what, maxBytes: MAX_LIST_BYTES })
  const listed = isObject(document) ? (member(document, 'signatures') ?? []) : undefined
  if (!Array.isArray(listed)) throw new ImageError('INVALID_DATA', `${what}: the answer has no list "signatures"`)
  if (listed.length > MAX_SIGNATURES) {
    throw new ImageError('LIMIT_EXCEEDED', `${what}: there are ${listed.length}; at most ${MAX_SIGNATURES} are read`)
  }
  // Entries of other versions and types are other people's.
  return listed.filter(isSimple).map((entry) => ({ format: 'simple', bytes: decode(member(entry, 'content'), what) }))
}

function isSimple(entry: unknown): entry is object {
  return isObject(entry) && member(entry, 'schemaVersion') === 2 && member(entry, 'type') === 'atomic'
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

function decode(content: unknown, what: string): Uint8Array {
  if (typeof content === 'string' && content.length % 4 === 0 && BASE64.test(content)) {
    return Buffer.from(content, 'base64')
  }
  throw new ImageError('INVALID_DATA', `${what}: the content of a signature must be base64`)
}
