/** `docker.io/library/app:latest` for `app`. */
export function explicitName(name: string): string {
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(slash, 0))
  const hasHost = /[.:]/.test(first) || first === 'localhost'
  const full = hasHost ? name : `docker.io/${slash < 0 ? 'library/' : ''}${name}`
  return /[@:][^/]*$/.test(full) ? full : `${full}:latest`
}

/** The inverse: as people write it. */
export function familiarName(name: string): string {
  return name.replace(/^docker\.io\/(?:library\/)?/, '')
}

/** Repository and tag of an explicit name. */
export function splitTag(name: string): readonly [repository: string, tag: string] {
  const colon = name.lastIndexOf(':')
  return [name.slice(0, colon), name.slice(colon + 1)]
}
