import type { HttpHeaders } from './http.ts'

const MAX_LINK_CHARACTERS = 8192

/**
 * The target of the first `Link` with this relation (RFC 8288), as it is written: resolve and judge it with `checkServerUrl`.
 * Undefined if there is none or the header is broken before it.
 */
export function linkTarget(headers: HttpHeaders, relation: string): string | undefined {
  for (const header of headers.all('link')) {
    for (const { target, parameters } of splitLinks(header.slice(0, MAX_LINK_CHARACTERS))) {
      if (relationsOf(parameters).includes(relation.toLowerCase())) return target
    }
  }
  return undefined
}

interface Link {
  readonly target: string
  readonly parameters: string
}

function splitLinks(header: string): Link[] {
  const links: Link[] = []
  let position = 0
  for (;;) {
    const open = header.indexOf('<', position)
    const close = open < 0 ? -1 : header.indexOf('>', open)
    if (close < 0) return links
    const end = endOfParameters(header, close + 1)
    links.push({ target: header.slice(open + 1, close).trim(), parameters: header.slice(close + 1, end) })
    position = end + 1
  }
}

/** The next comma that is not inside a quoted string. */
function endOfParameters(header: string, start: number): number {
  let quoted = false
  for (let position = start; position < header.length; position += 1) {
    const character = header.charAt(position)
    if (character === '"') quoted = !quoted
    else if (character === '\\' && quoted) position += 1
    else if (character === ',' && !quoted) return position
  }
  return header.length
}

function relationsOf(parameters: string): string[] {
  const parameter = /\s*;\s*([^\s=;,"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?/y
  for (let match = parameter.exec(parameters); match !== null; match = parameter.exec(parameters)) {
    if (match[1]?.toLowerCase() === 'rel') return (match[2] ?? match[3] ?? '').toLowerCase().split(/\s+/)
  }
  return []
}
