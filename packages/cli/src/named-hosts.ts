/** A host that a person named. */
export interface NamedHost {
  /** With its port, unless that is the scheme's own or does not count. */
  readonly host: string
  /** A name of appc says nothing of ports. */
  readonly anyPort: boolean
}

/** The hosts that image names say archives lie at: those of URLs, and those at which names of appc begin. Of any other name none. */
export function namedHosts(names: readonly string[]): readonly NamedHost[] {
  return names.flatMap((name) => hostOf(name) ?? [])
}

export function isNamed(host: string, named: readonly NamedHost[]): boolean {
  return named.some((each) => each.host === (each.anyPort ? host.replace(/:\d+$/, '') : host))
}

function hostOf(name: string): NamedHost | undefined {
  const [, encoded] = /^cimd:aci-archive:[^:]*:(https%3A.*)$/i.exec(name) ?? []
  if (encoded !== undefined) return hostOf(decoded(encoded))
  if (/^https:\/\//i.test(name)) {
    const host = URL.parse(name)?.host
    return host === undefined ? undefined : { host, anyPort: false }
  }
  // With a transport or rkt's type before it, or with labels behind it.
  const [, host] = /^(?:appc:)?(?:cimd:appc:[^:]*:)?([a-z0-9.-]+)(?:[/:,?%]|$)/i.exec(name) ?? []
  return host === undefined || !isApp(name) ? undefined : { host, anyPort: true }
}

function isApp(name: string): boolean {
  return /^(?:appc|cimd:appc):/i.test(name) || /^[^:]*(?::[^:]*)?,[^:]*=/.test(name)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
