import { ImageError, type ImageErrorCode, type OperationOptions } from '@crossdock/core'
import { type HttpClient, redactUrl } from '@crossdock/http'
import type { ResolvedOptions } from '../options.ts'
import { getDocument } from './get-document.ts'
import { type DiscoveryTag, readMetaTags } from './meta-tags.ts'

/** A page that was asked for. */
export interface FetchedPage {
  readonly url: URL
  /** Empty if there is no such page. */
  readonly tags: readonly DiscoveryTag[]
  /** Why there is none. */
  readonly problem?: PageProblem | undefined
}

export interface PageProblem {
  readonly code: ImageErrorCode
  readonly message: string
}

/** More tags than anybody needs for one name. */
const MAX_TAGS = 64

/**
 * Asks for the page of a name or of what stands above it; over https, and where that gives none over plain http, if options allow it: then without
 * credentials. Throws for the signal alone; what else goes wrong is told of each page.
 */
export async function fetchPages(
  prefix: string,
  client: Pick<HttpClient, 'request'>,
  { options, operation }: { readonly options: ResolvedOptions; readonly operation: OperationOptions },
): Promise<readonly FetchedPage[]> {
  const url = pageUrl(prefix, options.port)
  const pages = [await fetchPage(url, client, { options, operation })]
  if (pages[0]?.problem === undefined || !options.plainHttp(url.host)) return pages
  const plain = new URL(`http:${url.href.slice(url.protocol.length)}`)
  return [...pages, await fetchPage(plain, client, { options, operation })]
}

/** Throws `INVALID_REFERENCE` if the name does not begin with that of a host. */
function pageUrl(prefix: string, port: number | undefined): URL {
  const [host = '', ...path] = prefix.split('/')
  const rest = path.map((component) => `/${component}`).join('')
  const url = URL.parse(`https://${host}${port === undefined ? '' : `:${port}`}${rest}?ac-discovery=1`)
  // A number would become the address of another host than the one that is read.
  if (url?.hostname === host) return url
  throw new ImageError(
    'INVALID_REFERENCE',
    `images cannot be looked for by names of "${host}", which is no host's name`,
  )
}

async function fetchPage(
  url: URL,
  client: Pick<HttpClient, 'request'>,
  { options, operation }: { readonly options: ResolvedOptions; readonly operation: OperationOptions },
): Promise<FetchedPage> {
  const timeOut = AbortSignal.timeout(options.pageTimeoutMs)
  const signal = operation.signal === undefined ? timeOut : AbortSignal.any([operation.signal, timeOut])
  try {
    return { url, tags: await readTags(url, client, { ...operation, signal, limitBytes: options.maxPageBytes }) }
  } catch (reason) {
    operation.signal?.throwIfAborted()
    if (timeOut.aborted) {
      const message = `${redactUrl(url)} did not come within ${options.pageTimeoutMs} ms`
      return { url, tags: [], problem: { code: 'UNAVAILABLE', message } }
    }
    const { code, message } = ImageError.from(reason, 'UNAVAILABLE')
    return { url, tags: [], problem: { code, message } }
  }
}

interface ReadOptions extends OperationOptions {
  readonly limitBytes: number
}

async function readTags(
  url: URL,
  client: Pick<HttpClient, 'request'>,
  { limitBytes, ...operation }: ReadOptions,
): Promise<readonly DiscoveryTag[]> {
  const anonymous = url.protocol !== 'https:'
  const bytes = await getDocument(url, client, { what: 'the discovery page', limitBytes, anonymous, ...operation })
  const tags = await readMetaTags(new TextDecoder().decode(bytes))
  if (tags.length <= MAX_TAGS) return tags
  throw new ImageError('LIMIT_EXCEEDED', `${redactUrl(url)} has ${tags.length} discovery tags, more than ${MAX_TAGS}`)
}
