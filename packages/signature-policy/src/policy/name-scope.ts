import { ImageError, parseDockerReference } from '@crossdock/core'

/**
 * Why the text cannot be what names begin with, `HOST[:PORT][/PATH]` with whole components; undefined if it can. The first component
 * is a host however it is spelt: `docker.io/library/` is not filled in.
 */
export function nameScopeProblem(text: string): string | undefined {
  const [host = '', ...components] = text.split('/')
  const isName = /[@:]/.test(components.join('/')) || !isReference([host, ...components, 'x'].join('/'), host)
  return isName ? 'it should be a host, HOST[:PORT], or a host and a path, without tag and digest' : undefined
}

function isReference(text: string, host: string): boolean {
  // "localhost" and "x" are hosts here, too, which only a dot or a port says of a whole name.
  const written = host.includes(':') ? text : `${host}:1${text.slice(host.length)}`
  try {
    parseDockerReference(written)
    return host !== ''
  } catch (reason) {
    if (reason instanceof ImageError) return false
    throw reason
  }
}
