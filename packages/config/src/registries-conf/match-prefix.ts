import { type DockerReference, formatDockerReference } from '@crossdock/core'
import type { RegistryEntry } from './registries-conf.ts'

/** An entry that applies to a reference. */
export interface PrefixMatch {
  readonly entry: RegistryEntry
  /** The reference as it was matched, and how much of it the prefix stands for. */
  readonly text: string
  readonly length: number
}

/** The entry with the longest prefix that the reference has; undefined if none has one. */
export function findRegistry(entries: readonly RegistryEntry[], reference: DockerReference): PrefixMatch | undefined {
  const texts = textsOf(reference)
  let found: PrefixMatch | undefined
  for (const entry of entries) {
    if (found !== undefined && entry.prefix.length <= found.entry.prefix.length) continue
    const text = texts.find((candidate) => matchPrefix(candidate, entry.prefix) !== undefined)
    const length = text === undefined ? undefined : matchPrefix(text, entry.prefix)
    if (text !== undefined && length !== undefined) found = { entry, text, length }
  }
  return found
}

/** With tag and digest both, a prefix may end in either; a host with the port 443 is the same without it. */
function textsOf(reference: DockerReference): readonly string[] {
  const { domain, tag, digest } = reference
  const names = tag === undefined || digest === undefined ? [reference] : [reference, { ...reference, tag: undefined }]
  const bare = domain.endsWith(':443')
    ? names.map((name) => ({ ...name, domain: domain.slice(0, -':443'.length) }))
    : []
  return [...names, ...bare].map(formatDockerReference)
}

/**
 * How many characters of a reference, all spelt out, a prefix stands for; undefined if the reference does not begin with it. What follows must begin
 * with `/`, `:` or `@`; so `example.com` stands for all ports of the host, as in containers/image. `*.example.com` stands for every host below the domain.
 */
export function matchPrefix(reference: string, prefix: string): number | undefined {
  if (prefix.startsWith('*.')) {
    const host = /^[^/:@]*/.exec(reference)?.[0] ?? ''
    return host.endsWith(prefix.slice(1)) ? host.length : undefined
  }
  const isPrefix = reference.startsWith(prefix) && /^(?:$|[/:@])/.test(reference.slice(prefix.length))
  return isPrefix ? prefix.length : undefined
}
