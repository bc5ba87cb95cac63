import { quoteForeign, type Digest } from '@crossdock/core'
import type { Exchange, Registry } from './exchange.ts'
import { jsonReply, Refusal } from './refusal.ts'
import type { Reply } from './reply.ts'
import { checkDigest } from './route.ts'

/** GET tags/list (end-8). */
export function listTags(registry: Registry, exchange: Exchange, repository: string): Reply {
  const state = registry.storage.repository(repository)
  if (state === undefined || state.manifests.size + state.blobs.size === 0) {
    throw new Refusal(404, {
      code: 'NAME_UNKNOWN',
      message: 'there is no such repository',
      details: [{ name: repository }],
    })
  }
  const { page, headers } = cutPage([...state.tags.keys()], exchange, registry.options.limits.tagsPageSize)
  return jsonReply(200, { name: repository, tags: page }, headers)
}

/** GET _catalog: not part of the specification, but widely used. */
export function listRepositories(registry: Registry, exchange: Exchange): Reply {
  const readable = registry.storage.repositories().filter(exchange.mayRead)
  const { page, headers } = cutPage(readable, exchange, registry.options.limits.tagsPageSize)
  return jsonReply(200, { repositories: page }, headers)
}

/** GET referrers (end-12): an index of the manifests whose subject is `text`, whether or not that one is here. */
export function listReferrers(
  registry: Registry,
  exchange: Exchange,
  { repository, digest: text }: ReferrersRoute,
): Reply {
  const subject = checkDigest(text)
  // A plus sign that nobody escaped arrives as a space, and media types have none.
  const wanted = exchange.query.get('artifactType')?.replaceAll(' ', '+')
  const found = [...(registry.storage.repository(repository)?.manifests ?? [])]
    .filter(([, manifest]) => manifest.subject === subject)
    .filter(([, manifest]) => wanted === undefined || manifest.artifactType === wanted)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([digest, { mediaType, size, artifactType, annotations }]) => ({
      mediaType,
      digest,
      size,
      artifactType,
      annotations,
    }))
  const { page, headers } = cutPage(
    found.map(({ digest }) => digest),
    exchange,
    registry.options.limits.referrersPageSize,
  )
  const onPage = new Set<Digest>(page)
  const mediaType = 'application/vnd.oci.image.index.v1+json'
  const index = { schemaVersion: 2, mediaType, manifests: found.filter(({ digest }) => onPage.has(digest)) }
  return jsonReply(200, index, {
    ...headers,
    'content-type': mediaType,
    ...(wanted !== undefined && { 'oci-filters-applied': 'artifactType' }),
  })
}

export interface ReferrersRoute {
  readonly repository: string
  readonly digest: string
}

/** Sorts, and cuts out what `n` and `last` ask for; the header Link leads to the rest. */
function cutPage<Name extends string>(
  names: readonly Name[],
  { path, query }: Exchange,
  maxSize: number,
): { readonly page: readonly Name[]; readonly headers: Readonly<Record<string, string>> } {
  const last = query.get('last')
  const size = Math.min(pageSize(query), maxSize)
  const rest = names.filter((name) => last === null || name > last).toSorted()
  const page = rest.slice(0, size)
  const end = page.at(-1)
  if (end === undefined || rest.length <= page.length) return { page, headers: {} }
  const next = new URLSearchParams(query)
  next.set('last', end)
  next.set('n', String(size))
  return { page, headers: { link: `<${path}?${next.toString()}>; rel="next"` } }
}

function pageSize(query: URLSearchParams): number {
  const text = query.get('n')
  if (text === null || text === '') return Infinity
  if (/^\d+$/.test(text)) return Number(text)
  throw new Refusal(400, { code: 'UNSUPPORTED', message: `n must be a number, not "${quoteForeign(text, 60)}"` })
}
