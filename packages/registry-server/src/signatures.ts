import type { Digest } from '@crossdock/core'
import type { Exchange, Registry } from './exchange.ts'
import { findManifest } from './manifests.ts'
import { readDocument } from './read-document.ts'
import { jsonReply, Refusal } from './refusal.ts'
import type { Reply } from './reply.ts'
import { checkDigest } from './route.ts'

/** A signature as the signature extension of OpenShift's registry has it. */
interface ListedSignature {
  readonly schemaVersion: 2
  /** `DIGEST@` and 32 hexadecimal digits. */
  readonly name: string
  readonly type: 'atomic'
  /** In base64. */
  readonly content: string
}

/** The signatures that a server was given, by repository and digest. They live as long as the server. */
export type SignatureLists = Map<string, readonly ListedSignature[]>

export interface SignaturesRoute {
  readonly repository: string
  readonly digest: string
}

/** GET of all signatures of a manifest. */
export function listSignatures(registry: Registry, { repository, digest }: SignaturesRoute): Reply {
  const key = keyOf(registry, repository, checkDigest(digest))
  return jsonReply(200, { signatures: registry.signatures.get(key) ?? [] })
}

/** PUT of one more. */
export async function putSignature(
  registry: Registry,
  exchange: Exchange,
  { repository, digest: text }: SignaturesRoute,
): Promise<Reply> {
  const digest = checkDigest(text)
  const key = keyOf(registry, repository, digest)
  const added = checkSignature(await readDocument(registry, exchange), digest)
  const listed = registry.signatures.get(key) ?? []
  if (listed.some(({ name }) => name === added.name)) {
    throw new Refusal(409, { code: 'UNSUPPORTED', message: 'there is a signature of this name' })
  }
  registry.signatures.set(key, [...listed, added])
  return { status: 201, headers: { 'content-length': '0' } }
}

/** Throws a `Refusal` unless the manifest is there. */
function keyOf(registry: Registry, repository: string, digest: Digest): string {
  findManifest(registry, repository, digest)
  return `${repository}@${digest}`
}

const NAME_END = /^[0-9a-f]{32}$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function checkSignature(bytes: Uint8Array, digest: Digest): ListedSignature {
  const { schemaVersion, type, name, content } = parse(bytes)
  const isNamed =
    typeof name === 'string' && name.startsWith(`${digest}@`) && NAME_END.test(name.slice(digest.length + 1))
  if (schemaVersion !== 2 || type !== 'atomic' || !isNamed || typeof content !== 'string' || !BASE64.test(content)) {
    throw new Refusal(400, { code: 'UNSUPPORTED', message: 'the signature is none of schema version 2, type atomic' })
  }
  return { schemaVersion, name, type, content }
}

function parse(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
