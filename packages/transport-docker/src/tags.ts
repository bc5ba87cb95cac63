import { ImageError, isTag, type OperationOptions } from '@crossdock/core'
import { readBytes } from '@crossdock/streams'
import { createPages } from './client/pages.ts'
import type { Repository, RepositoryRequest } from './client/repository.ts'
import { isMissing, isSuccess, readRefusal, refusalError, type Refusal } from './errors.ts'

/** What every registry takes; one refuses more. */
const PAGE_TAGS = 1000
const MAX_TAGS = 1_000_000
/** Some registries answer with everything at once, whatever was asked for. */
const MAX_PAGE_BYTES = 64 * 1024 * 1024

/**
 * The tags of a repository, each once. What is no tag is passed over: some registries list digests among them. Throws
 * `NOT_FOUND` if there is no such repository.
 */
export async function* listTags(repository: Repository, operation?: OperationOptions): AsyncGenerator<string> {
  const first: RepositoryRequest = {
    method: 'GET',
    path: 'tags/list',
    query: { n: String(PAGE_TAGS) },
    access: 'pull',
    subject: 'tags',
    what: 'tags',
    wholeUpToBytes: MAX_PAGE_BYTES,
    operation,
  }
  const pages = createPages(repository, first)
  const seen = new Set<string>()
  let request: RepositoryRequest | undefined = first
  while (request !== undefined) {
    const response = await repository.send(request)
    if (!isSuccess(response)) {
      const refusal = await readRefusal(response, operation?.signal)
      if (isEmptyRepository(refusal) || (request !== first && isMissing(refusal))) return
      throw refusalError(refusal, repository.context(request))
    }
    const { what } = repository.context(first)
    const page = readPage(await readBytes(response.body, { limitBytes: MAX_PAGE_BYTES, what }), what)
    const before = seen.size
    for (const tag of page) {
      if (seen.has(tag)) continue
      seen.add(tag)
      if (seen.size > MAX_TAGS) throw new ImageError('LIMIT_EXCEEDED', `${what}: more than ${MAX_TAGS}`)
      yield tag
    }
    // A page that says again what others said: the server goes round in a circle.
    if (page.length > 0 && seen.size === before) return
    request = pages.next(response)
  }
}

/** A repository without tags is "not found" at some registries, in other words than one that is not there. */
function isEmptyRepository(refusal: Refusal): boolean {
  return isMissing(refusal) && refusal.codes.includes('MANIFEST_UNKNOWN') && !refusal.codes.includes('NAME_UNKNOWN')
}

function readPage(bytes: Uint8Array, what: string): readonly string[] {
  let page: unknown
  try {
    page = JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw new ImageError('INVALID_DATA', `${what}: the answer is not JSON; is this a registry?`, { cause })
  }
  const tags = typeof page === 'object' && page !== null && 'tags' in page ? page.tags : undefined
  if (tags === undefined || tags === null) return []
  if (!Array.isArray(tags)) throw new ImageError('INVALID_DATA', `${what}: "tags" in the answer is not a list`)
  return tags.filter((tag: unknown) => typeof tag === 'string' && isTag(tag))
}
