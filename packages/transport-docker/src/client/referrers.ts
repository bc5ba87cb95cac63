import {
  type Descriptor,
  type Digest,
  digestOf,
  type ManifestBytes,
  type OperationOptions,
  type Referrer,
  shortDigest,
} from '@crossdock/core'
import {
  isIndexType,
  type Manifest,
  normalizeMediaType,
  OCI_INDEX,
  parseManifest,
  referrersTag,
} from '@crossdock/formats'
import type { HttpResponse } from '@crossdock/http'
import { readBytes } from '@crossdock/streams'
import { isSuccess, isUnknownEndpoint, readRefusal, refusalError } from '../errors.ts'
import { attachedManifests } from './attached-manifests.ts'
import { findManifest, type ReadManifest } from './manifest-read.ts'
import { createPages } from './pages.ts'
import type { Repository, RepositoryRequest } from './repository.ts'

export interface ReferrersOptions {
  readonly operation?: OperationOptions | undefined
  /** Reads a manifest by digest; undefined if it is not there. */
  readonly read: (digest: Digest) => Promise<ManifestBytes | undefined>
  /** Which of those that are listed are asked for. Default: all. */
  readonly isWanted?: ((listed: Descriptor) => boolean) | undefined
}

/**
 * The manifests that refer to `subject`, each once: those that cosign's tags tie to it, and those whose subject it is (distribution-spec,
 * "Listing Referrers"), from the registry's API, or, where there is none, from the index that clients keep under a tag. That one is not
 * taken at its word: some registries answer such a tag with the image itself, and what it lists must really name the subject.
 */
export async function* listReferrers(
  repository: Repository,
  subject: Digest,
  { operation, read }: ReferrersOptions,
): AsyncGenerator<Referrer> {
  const seen = new Set<Digest>([subject])
  const listed = subjectReferrers(repository, subject, { operation, read })
  try {
    const [attached, first] = await Promise.all([attachedManifests(repository, subject, operation), listed.next()])
    yield* attached
    for (const { digest } of attached) seen.add(digest)
    for (let step = first; step.done !== true; step = await listed.next()) {
      if (seen.has(step.value.digest)) continue
      seen.add(step.value.digest)
      yield step.value
    }
  } finally {
    await listed.return(undefined)
  }
}

/** The manifests whose subject it is; one may come more than once. */
export async function* subjectReferrers(
  repository: Repository,
  subject: Digest,
  { operation, read, isWanted = () => true }: ReferrersOptions,
): AsyncGenerator<Descriptor> {
  if (repository.lore.referrersApi !== false) {
    const request = apiRequest(repository, subject, operation)
    const response = await askApi(repository, request)
    if (response !== undefined) {
      for await (const descriptor of fromApi(repository, request, response)) if (isWanted(descriptor)) yield descriptor
      return
    }
  }
  const index = referrersIndex(await findManifest(repository, referrersTag(subject), operation), subject)
  if (index === undefined || 'strange' in index) return
  for (const descriptor of index.manifests.filter(isWanted)) {
    const manifest = await read(descriptor.digest)
    if (manifest !== undefined && subjectOf(manifest)?.digest === subject) yield descriptor
  }
}

/** Whether the registry keeps the list itself. */
export async function hasReferrersApi(
  repository: Repository,
  subject: Digest,
  operation?: OperationOptions,
): Promise<boolean> {
  if (repository.lore.referrersApi !== undefined) return repository.lore.referrersApi
  const response = await askApi(repository, apiRequest(repository, subject, operation))
  await response?.discard()
  return response !== undefined
}

function apiRequest(
  { session }: Repository,
  subject: Digest,
  operation: OperationOptions | undefined,
): RepositoryRequest {
  return {
    method: 'GET',
    path: `referrers/${subject}`,
    headers: { accept: OCI_INDEX },
    access: 'pull',
    subject: 'referrers',
    what: `referrers of ${shortDigest(subject)}`,
    wholeUpToBytes: session.options.maxManifestBytes,
    operation,
  }
}

/** Undefined if the registry has no such API; it is then not asked again. */
async function askApi(repository: Repository, request: RepositoryRequest): Promise<HttpResponse | undefined> {
  const response = await repository.send(request)
  const type = normalizeMediaType(response.headers.get('content-type') ?? '')
  if (isSuccess(response) && type !== 'text/html') {
    repository.lore.referrersApi = true
    return response
  }
  if (!isSuccess(response) && !isUnknownEndpoint(response)) throw await repository.failure(response, request)
  const refusal = await readRefusal(response, request.operation?.signal)
  if (refusal.codes.includes('NAME_UNKNOWN')) throw refusalError(refusal, repository.context(request))
  // "No such manifest" is an answer of the API.
  if (!refusal.codes.includes('MANIFEST_UNKNOWN')) repository.lore.referrersApi = false
  return undefined
}

async function* fromApi(
  repository: Repository,
  request: RepositoryRequest,
  first: HttpResponse,
): AsyncGenerator<Descriptor> {
  const pages = createPages(repository, request)
  let response = first
  for (;;) {
    const { what } = repository.context(request)
    const bytes = await readBytes(response.body, { limitBytes: repository.session.options.maxManifestBytes, what })
    const index = parseManifest({ bytes, mediaType: OCI_INDEX, digest: digestOf(bytes) })
    if (index.kind === 'index') yield* index.manifests
    const next = pages.next(response)
    if (next === undefined) return
    response = await repository.send(next)
    if (!isSuccess(response)) throw await repository.failure(response, next)
  }
}

export interface ReferrersIndex {
  readonly manifests: readonly Descriptor[]
  readonly annotations: Readonly<Record<string, string>>
}

/** What is under the tag for the subject's referrers: their index, nothing, or a document of another type. */
export function referrersIndex(
  manifest: ReadManifest | undefined,
  subject: Digest,
): ReferrersIndex | undefined | { readonly strange: string } {
  // Some registries take such a tag for the digest and answer with the subject.
  if (manifest === undefined || manifest.digest === subject) return undefined
  const index = isIndexType(manifest.mediaType) ? parseManifest(manifest) : undefined
  if (index?.kind !== 'index') return { strange: manifest.mediaType }
  return { manifests: index.manifests, annotations: index.annotations }
}

/** What a manifest refers to, if it is one that can be read. */
export function subjectOf(manifest: ManifestBytes): Descriptor | undefined {
  return readDocument(manifest)?.subject
}

export function readDocument(manifest: ManifestBytes): Manifest | undefined {
  try {
    return parseManifest(manifest)
  } catch {
    return undefined // its reader will say what is wrong with it
  }
}
