import { isDigest, isTag, quoteForeign, type Digest } from '@crossdock/core'
import { Refusal } from './refusal.ts'

/** What a request is about, by its path (distribution-spec, "Endpoints"). */
export type Route =
  | { readonly kind: 'ping' | 'catalog' | 'token' | 'unknown' }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: string }
  | { readonly kind: 'manifest'; readonly repository: string; readonly reference: string }
  | { readonly kind: 'upload'; readonly repository: string; readonly session: string }
  /** A POST that asks for a blob of another repository; every other upload request is `upload`. */
  | { readonly kind: 'mount'; readonly repository: string; readonly digest: string }
  | { readonly kind: 'tags'; readonly repository: string }
  | { readonly kind: 'referrers' | 'signatures'; readonly repository: string; readonly digest: string }

export type RouteKind = Route['kind']

const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
/** Leaves room for what a file system adds to a name of 255 bytes. */
const MAX_REPOSITORY_CHARACTERS = 240

const UPLOAD = /^\/v2\/(.+)\/blobs\/uploads(?:\/([^/]*))?$/
const BLOB = /^\/v2\/(.+)\/blobs\/([^/]+)$/
const MANIFEST = /^\/v2\/(.+)\/manifests\/([^/]+)$/
const TAGS = /^\/v2\/(.+)\/tags\/list$/
const SIGNATURES = /^\/extensions\/v2\/(.+)\/signatures\/([^/]+)$/
const REFERRERS = /^\/v2\/(.+)\/referrers\/([^/]+)$/

/** Finds the route of a path that is still percent-encoded. Names are checked elsewhere, see `checkRepository`. */
export function findRoute(method: string, encodedPath: string, query: URLSearchParams): Route {
  const path = decodePath(encodedPath)
  if (path === '/v2' || path === '/v2/') return { kind: 'ping' }
  if (path === '/v2/_catalog') return { kind: 'catalog' }
  if (path === '/token') return { kind: 'token' }
  return findUploads(method, path, query) ?? findContent(path) ?? findListing(path) ?? { kind: 'unknown' }
}

function findUploads(method: string, path: string, query: URLSearchParams): Route | undefined {
  const [, repository, session = ''] = UPLOAD.exec(path) ?? []
  if (repository === undefined) return undefined
  const digest = method === 'POST' && session === '' ? query.get('mount') : null
  return digest === null ? { kind: 'upload', repository, session } : { kind: 'mount', repository, digest }
}

function findContent(path: string): Route | undefined {
  const [, owner, digest] = BLOB.exec(path) ?? []
  if (owner !== undefined && digest !== undefined) return { kind: 'blob', repository: owner, digest }
  const [, repository, reference] = MANIFEST.exec(path) ?? []
  return repository === undefined || reference === undefined ? undefined : { kind: 'manifest', repository, reference }
}

function findListing(path: string): Route | undefined {
  const [, tagged] = TAGS.exec(path) ?? []
  if (tagged !== undefined) return { kind: 'tags', repository: tagged }
  const [, referred, subject] = REFERRERS.exec(path) ?? []
  if (referred !== undefined && subject !== undefined)
    return { kind: 'referrers', repository: referred, digest: subject }
  const [, signed, manifest] = SIGNATURES.exec(path) ?? []
  if (signed !== undefined && manifest !== undefined)
    return { kind: 'signatures', repository: signed, digest: manifest }
  return undefined
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return ''
  }
}

export function checkRepository(repository: string): void {
  if (REPOSITORY.test(repository) && repository.length <= MAX_REPOSITORY_CHARACTERS) return
  throw new Refusal(400, {
    code: 'NAME_INVALID',
    message: `"${quoteForeign(repository, 100)}" is not a repository name`,
    details: [{ name: quoteForeign(repository) }],
  })
}

export function checkDigest(text: string): Digest {
  if (isDigest(text)) return text
  throw new Refusal(400, {
    code: 'DIGEST_INVALID',
    message: `"${quoteForeign(text, 150)}" is not a sha256 or sha512 digest`,
  })
}

/** A tag or a digest; anything with a colon must be a digest. */
export function checkReference(text: string): { readonly tag: string } | { readonly digest: Digest } {
  if (text.includes(':')) return { digest: checkDigest(text) }
  checkTag(text)
  return { tag: text }
}

export function checkTag(text: string): void {
  if (isTag(text)) return
  throw new Refusal(400, { code: 'MANIFEST_INVALID', message: `"${quoteForeign(text, 150)}" is not a tag` })
}
