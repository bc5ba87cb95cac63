import { digestAlgorithm, digestOf, manifestDigest, type Digest } from '@crossdock/core'
import type { Exchange, Registry } from './exchange.ts'
import { readDocument } from './read-document.ts'
import { readManifestFacts, type ManifestFacts } from './manifest-facts.ts'
import { Refusal } from './refusal.ts'
import type { Reply } from './reply.ts'
import { checkReference, checkTag } from './route.ts'
import type { RepositoryChange, RepositoryState } from './repository-state.ts'
import { locationOf } from './uploads.ts'

/** GET and HEAD of a manifest (end-3). */
export async function getManifest(
  registry: Registry,
  exchange: Exchange,
  { repository, reference }: ManifestRoute,
): Promise<Reply> {
  const { digest, manifest } = findManifest(registry, repository, reference)
  const etag = `"${digest}"`
  const headers = { 'content-type': manifest.mediaType, 'docker-content-digest': digest, etag }
  if (exchange.headers['if-none-match'] === etag) return { status: 304, headers }
  const open = (): AsyncIterable<Uint8Array> => registry.storage.read(digest, { start: 0, end: manifest.size })
  return { status: 200, headers, body: { size: manifest.size, open } }
}

export interface ManifestRoute {
  readonly repository: string
  readonly reference: string
}

/** PUT of a manifest by tag or digest (end-7a), with further tags as parameters (end-7b). */
export async function putManifest(
  registry: Registry,
  exchange: Exchange,
  { repository, reference }: ManifestRoute,
): Promise<Reply> {
  const target = checkReference(reference)
  const tags = exchange.query.getAll('tag')
  tags.forEach(checkTag)
  if ('tag' in target && tags.length > 0) {
    throw new Refusal(400, {
      code: 'MANIFEST_INVALID',
      message: 'the parameter tag goes with a digest in the path, not a tag',
    })
  }
  const bytes = await readDocument(registry, exchange)
  const digest = manifestDigest(bytes, 'digest' in target ? digestAlgorithm(target.digest) : 'sha256')
  if ('digest' in target && target.digest !== digest) {
    throw new Refusal(400, {
      code: 'DIGEST_INVALID',
      message: `the manifest received is ${digest}, not ${target.digest}`,
    })
  }
  checkCondition(registry, exchange, { repository, reference })
  const facts = readManifestFacts(bytes, exchange.headers['content-type'])
  checkContent(registry, repository, facts)
  const setTags = 'tag' in target ? [target.tag] : tags
  const size = await keep(registry, digest, bytes)
  await registry.storage.change(repository, changesFor(digest, size, { facts, tags: setTags }))
  return {
    status: 201,
    headers: {
      location: locationOf(registry, exchange, `/v2/${repository}/manifests/${reference}`),
      'docker-content-digest': digest,
      'content-length': '0',
      ...(facts.subject !== undefined && registry.options.behaviour.referrersApi && { 'oci-subject': facts.subject }),
      ...(tags.length > 0 && { 'oci-tag': tags }),
    },
  }
}

/**
 * Keeps the bytes, and says how many there are. A signed Docker schema 1 manifest may come again with other signatures under the same
 * digest: those that came first stay, since repositories share content.
 */
async function keep({ storage }: Registry, digest: Digest, bytes: Uint8Array): Promise<number> {
  if (digestOf(bytes, digestAlgorithm(digest)) !== digest) {
    const known = storage.repositories().flatMap((name) => storage.repository(name)?.manifests.get(digest) ?? [])
    if (known[0] !== undefined) return known[0].size
  }
  await storage.write(digest, bytes)
  return bytes.byteLength
}

/** DELETE of a tag, which leaves the manifest, or of a manifest, which takes its tags along (end-9). */
export async function deleteManifest(registry: Registry, { repository, reference }: ManifestRoute): Promise<Reply> {
  const target = checkReference(reference)
  const { digest } = findManifest(registry, repository, reference)
  const change: RepositoryChange =
    'tag' in target ? { do: 'delete-tag', tag: target.tag } : { do: 'delete-manifest', digest }
  await registry.storage.change(repository, [change])
  if ('digest' in target) registry.signatures.delete(`${repository}@${digest}`)
  return { status: 202, headers: { 'content-length': '0' } }
}

/** By tag or digest. Throws a `Refusal` if it is not there. */
export function findManifest(
  registry: Registry,
  repository: string,
  reference: string,
): { readonly digest: Digest; readonly manifest: { readonly mediaType: string; readonly size: number } } {
  const target = checkReference(reference)
  const state = registry.storage.repository(repository)
  const digest = 'tag' in target ? state?.tags.get(target.tag) : target.digest
  const manifest = digest === undefined ? undefined : state?.manifests.get(digest)
  if (digest !== undefined && manifest !== undefined) return { digest, manifest }
  throw new Refusal(404, {
    code: 'MANIFEST_UNKNOWN',
    message: 'the repository has no such manifest',
    details: [{ name: repository, ...target }],
  })
}

/** If-Match and If-None-Match of a PUT by tag: two writers of one tag notice each other (RFC 9110, section 13). */
function checkCondition(registry: Registry, exchange: Exchange, { repository, reference }: ManifestRoute): void {
  const current = registry.storage.repository(repository)?.tags.get(reference)
  const match = exchange.headers['if-match']
  const noneMatch = exchange.headers['if-none-match']
  const fails =
    (match !== undefined && (current === undefined || (match !== '*' && match !== `"${current}"`))) ||
    (noneMatch !== undefined && current !== undefined && (noneMatch === '*' || noneMatch === `"${current}"`))
  if (fails)
    throw new Refusal(412, { code: 'MANIFEST_INVALID', message: 'the tag does not name what the condition says' })
}

/** Errors in one answer: enough for any real image, and no answer larger than its question. */
const MAX_DETAILS = 1000

function checkContent(registry: Registry, repository: string, { blobs, manifests }: ManifestFacts): void {
  const state: RepositoryState | undefined = registry.storage.repository(repository)
  const missing = blobs.filter((digest) => !state?.blobs.has(digest))
  if (!registry.options.behaviour.sparseIndexes)
    missing.push(...manifests.filter((digest) => !state?.manifests.has(digest)))
  if (missing.length === 0) return
  throw new Refusal(404, {
    code: 'MANIFEST_BLOB_UNKNOWN',
    message: 'the manifest names content that the repository does not have',
    details: [...new Set(missing)].slice(0, MAX_DETAILS).map((digest) => ({ digest })),
  })
}

function changesFor(
  digest: Digest,
  size: number,
  { facts, tags }: { readonly facts: ManifestFacts; readonly tags: readonly string[] },
): readonly RepositoryChange[] {
  const { mediaType, subject, artifactType, annotations } = facts
  const manifest = { mediaType, size, ...(subject !== undefined && { subject, artifactType, annotations }) }
  return [{ do: 'put-manifest', digest, manifest }, ...tags.map((tag) => ({ do: 'put-tag', tag, digest }) as const)]
}
