import { ImageError, type OperationOptions, quoteForeign } from '@crossdock/core'
import { type AppName, labelChoices } from '@crossdock/formats'
import { checkServerUrl, type HttpClient } from '@crossdock/http'
import type { ResolvedOptions } from '../options.ts'
import { type FetchedPage, fetchPages } from './fetch-page.ts'
import type { DiscoveryTag } from './meta-tags.ts'
import { renderTemplate } from './template.ts'

/** Where an image may lie. */
export interface Endpoint {
  readonly archive: URL
  /** Of its detached signature. */
  readonly signature: URL
  /** What the URLs were made of. */
  readonly template: string
}

/** A page that was asked for, and what became of what it says. */
export interface DiscoveryPage extends FetchedPage {
  /** The name that it was asked for: the image's, or one above it. */
  readonly prefix: string
  /** Tags that lead nowhere, in words. */
  readonly skipped: readonly string[]
}

export interface DiscoveryResult {
  /** In the order in which they are tried: of the first page that has any. */
  readonly endpoints: readonly Endpoint[]
  /** Of public keys: of the first page that has any. */
  readonly keys: readonly URL[]
  readonly pages: readonly DiscoveryPage[]
}

export interface DiscoverOptions extends OperationOptions {
  /** Default: both, and the search goes on until both are found. */
  readonly wanted?: DiscoveryTag['kind'] | undefined
}

/** No name in good faith is deeper; each component costs a request. */
const MAX_PAGES = 32
const MAX_TEMPLATE_CHARACTERS = 4096

/**
 * Asks for the page of the name, then for those of the names above it, up to its host (appc spec, "Meta Discovery"). A tag counts if its prefix is the name or
 * one above it, component by component. What is not there is an empty list. Throws `INVALID_REFERENCE` for a name that begins with no host,
 * `LIMIT_EXCEEDED` for one of more than 32 components, and the signal's reason.
 */
export async function discover(
  app: AppName,
  session: { readonly client: Pick<HttpClient, 'request'>; readonly options: ResolvedOptions },
  { wanted, ...operation }: DiscoverOptions = {},
): Promise<DiscoveryResult> {
  const { client, options } = session
  const choices = labelChoices(app, options.platform)
  let endpoints: readonly Endpoint[] = []
  let keys: readonly URL[] = []
  const pages: DiscoveryPage[] = []
  for (const prefix of prefixesOf(app.name)) {
    for (const page of await fetchPages(prefix, client, { options, operation })) {
      const context: PageContext = { page, trustedHosts: options.trustedHosts, skipped: [] }
      const tags = page.tags.filter((tag) => isFor(tag.prefix, app.name))
      if (endpoints.length === 0 && wanted !== 'keys') endpoints = endpointsOf(tags, choices, context)
      if (keys.length === 0 && wanted !== 'archives') keys = keysOf(tags, context)
      pages.push({ ...page, prefix, skipped: [...new Set(context.skipped)] })
    }
    if ((endpoints.length > 0 || wanted === 'keys') && (keys.length > 0 || wanted === 'archives')) break
  }
  return { endpoints, keys, pages }
}

function prefixesOf(name: string): readonly string[] {
  const components = name.split('/')
  if (components.length > MAX_PAGES) {
    const problem = `has ${components.length} components, and no more than ${MAX_PAGES} pages are asked for`
    throw new ImageError('LIMIT_EXCEEDED', `"${quoteForeign(name, 100)}" ${problem}`)
  }
  return components.map((_, index) => components.slice(0, components.length - index).join('/'))
}

function isFor(prefix: string, name: string): boolean {
  return prefix !== '' && (name === prefix || name.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`))
}

interface PageContext {
  readonly page: FetchedPage
  readonly trustedHosts: readonly string[]
  readonly skipped: string[]
}

function endpointsOf(
  tags: readonly DiscoveryTag[],
  choices: readonly AppName[],
  context: PageContext,
): readonly Endpoint[] {
  const found = new Map<string, Endpoint>()
  const templates = tags.filter(({ kind }) => kind === 'archives').map(({ template }) => template)
  const isComplete = (template: string): boolean => {
    if (choices.some((app) => locationText(template, app) !== undefined)) return true
    context.skipped.push(`${quoteForeign(template, 200)}: it asks for a label that the name lacks, or is too long`)
    return false
  }
  const complete = templates.filter(isComplete)
  for (const app of choices) {
    for (const template of complete) {
      const archive = allowed(locationText(template, app), context)
      const signature = archive && allowed(locationText(template, app, 'aci.asc'), context)
      if (archive === undefined || signature === undefined || found.has(archive.href)) continue
      found.set(archive.href, { archive, signature, template })
    }
  }
  return [...found.values()]
}

function locationText(template: string, app: AppName, extension = 'aci'): string | undefined {
  return template.length > MAX_TEMPLATE_CHARACTERS ? undefined : renderTemplate(template, app, extension)
}

function keysOf(tags: readonly DiscoveryTag[], context: PageContext): readonly URL[] {
  const urls = tags.filter(({ kind }) => kind === 'keys').flatMap(({ template }) => allowed(template, context) ?? [])
  return [...new Map(urls.map((url) => [url.href, url])).values()]
}

/** A page is as little trusted as any server: it leads neither from https to http nor to private addresses, unless it lies there itself. */
function allowed(text: string | undefined, { page, trustedHosts, skipped }: PageContext): URL | undefined {
  if (text === undefined) return undefined
  try {
    if (!URL.canParse(text)) throw new ImageError('INVALID_DATA', `"${quoteForeign(text, 200)}" is no URL`)
    return checkServerUrl(text, page.url, { what: 'a tag', trustedHosts })
  } catch (reason) {
    skipped.push(ImageError.from(reason, 'INVALID_DATA').message)
    return undefined
  }
}
