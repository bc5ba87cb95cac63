import type { AppName } from '@crossdock/formats'
import type { DiscoveryPage, DiscoveryResult } from '@crossdock/transport-aci-discovery'

/** What discovery found, for people. */
export function formatDiscovery({ pages, endpoints, keys }: DiscoveryResult): string {
  const lines = [
    ...pages.flatMap(pageLines),
    ...endpoints.flatMap(({ archive, signature }) => [`archive ${archive.href}`, `  signature ${signature.href}`]),
    ...keys.map(({ href }) => `keys ${href}`),
  ]
  return `${lines.join('\n')}\n`
}

function pageLines({ url, problem, tags, skipped }: DiscoveryPage): readonly string[] {
  const said = tags.map(({ kind, prefix, template }) => `  ${kind} of ${prefix}: ${template}`)
  const failed = problem === undefined ? [] : [`  ${problem.message}`]
  const nothing = problem === undefined && tags.length === 0 ? ['  says nothing'] : []
  return [`page ${url.href}`, ...failed, ...nothing, ...said, ...skipped.map((reason) => `  not used: ${reason}`)]
}

/** The same, for programs. */
export function discoveryDocument({ name, labels }: AppName, { pages, endpoints, keys }: DiscoveryResult): unknown {
  return {
    name,
    labels: Object.fromEntries(labels),
    pages: pages.map(({ url, problem, tags, skipped }) => ({ url: url.href, problem, tags, skipped })),
    archives: endpoints.map(({ archive, signature, template }) => ({
      url: archive.href,
      signature: signature.href,
      template,
    })),
    keys: keys.map(({ href }) => href),
  }
}
