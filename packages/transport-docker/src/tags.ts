import { ImageError, isTag, type OperationOptions, quoteForeign, report } from '@crossdock/core'
import { readBytes } from '@crossdock/streams'
import { createPages } from './client/pages.ts'
import type { Repository, RepositoryRequest } from './client/repository.ts'
import { isMissing, isSuccess, readRefusal, refusalError, type Refusal } from './errors.ts'

/** What every registry takes; one refuses more. */
const PAGE_TAGS = 1000
const MAX_TAGS = 1_000_000
/** Some registries answer with everything at once, whatever was asked for. */
const MAX_PAGE_BYTES = 64 * 1024 * 1024
/** So many pages one after the other without a tag that is new are no list: some registries leave out what may not be seen. */
const MAX_IDLE_PAGES = 100

/**
 * The tags of a repository, each once. A name that is no tag is passed over with a warning: some registries list digests among
 * them. Throws `NOT_FOUND` if there is no such repository, `INVALID_DATA` for an answer that is no list of names.
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
  const { what } = repository.context(first)
  const pages = createPages(repository, first)
  const seen = new Set<string>()
  const strange: string[] = []
  let idle = 0
  for (let request: RepositoryRequest | undefined = first; request !== undefined;) {
    const response = await repository.send(request)
    if (!isSuccess(response)) {
      const refusal = await readRefusal(response, operation?.signal)
      if (isEmptyRepository(refusal) || (request !== first && isMissing(refusal))) break
      throw refusalError(refusal, repository.context(request))
    }
    const known = seen.size
    for (const tag of readPage(await readBytes(response.body, { limitBytes: MAX_PAGE_BYTES, what }), what)) {
      if (seen.has(tag)) continue
      seen.add(tag)
      if (seen.size > MAX_TAGS) throw new ImageError('LIMIT_EXCEEDED', `${what}: more than ${MAX_TAGS}`)
      if (isTag(tag)) yield tag
      else strange.push(tag)
    }
    idle = seen.size === known ? idle + 1 : 0
    if (idle >= MAX_IDLE_PAGES) throw endless(what)
    request = pages.next(response)
  }
  warnOf(strange, what, operation)
}

function endless(what: string): ImageError {
  return new ImageError(
    'INVALID_DATA',
    `${what}: the list goes on, but ${MAX_IDLE_PAGES} pages brought no tag that is new; the registry does not end it`,
  )
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
  if (typeof page !== 'object' || page === null || Array.isArray(page)) {
    throw new ImageError('INVALID_DATA', `${what}: the answer is not a JSON object; is this a registry?`)
  }
  const tags = 'tags' in page ? page.tags : undefined
  if (tags === undefined || tags === null) return []
  if (!Array.isArray(tags)) throw new ImageError('INVALID_DATA', `${what}: "tags" in the answer is not a list`)
  return tags.map((tag: unknown) => {
    if (typeof tag === 'string') return tag
    throw new ImageError('INVALID_DATA', `${what}: "tags" in the answer lists something that is no name`)
  })
}

function warnOf([first, ...more]: readonly string[], what: string, operation: OperationOptions | undefined): void {
  if (first === undefined) return
  const others = more.length === 0 ? '' : ` and ${more.length} more`
  const message = `${what}: "${quoteForeign(first, 100)}"${others} can be no tag, and is left out`
  report(operation, { type: 'note', level: 'warning', message })
}
