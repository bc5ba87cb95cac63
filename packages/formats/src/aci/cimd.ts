import { type ImageError, quoteForeign } from '@crossdock/core'
import type { AppName } from './app-name.ts'

/** A name in one of three parts is none of appc, which has one colon at most. */
export function isCimd(text: string): boolean {
  return /^cimd:[^:]*:[^:]*:/.test(text)
}

/** Reads `cimd:appc:v=0:NAME?LABEL=VALUE&…` (rkt, "Container Image Distribution URI"); `/` in the name may be encoded. */
export function parseCimd(
  text: string,
  fail: (rule: string) => ImageError,
): { readonly name: string; readonly labels: readonly (readonly [string, string])[] } {
  const [, type = '', version = '', data = ''] = /^cimd:([^:]*):(?:v=)?([^:]*):(.*)$/s.exec(text) ?? []
  if (type !== 'appc') {
    throw fail(`it is of the type "${quoteForeign(type, 60)}"; here stand names, cimd:appc:v=0:NAME, and no archives`)
  }
  if (!/^[0-9]{1,10}$/.test(version) || Number(version) > 0xff_ff_ff_ff) throw fail('behind the type stands v=0')
  const [name = '', query] = splitOnce(data, '?')
  const parts = query === undefined || query === '' ? [] : query.split('&')
  const labels = parts.map((part) => {
    const [label = '', value] = splitOnce(part, '=')
    if (value === undefined) throw fail(`the label "${quoteForeign(part, 100)}" has no "="`)
    return [decoded(label, fail), decoded(value, fail)] as const
  })
  return { name: decoded(name.replaceAll('+', '%2B'), fail), labels }
}

/** The same name as rkt's URI, for comparing: labels by name, their values encoded. */
export function formatCimd({ name, labels }: AppName): string {
  const query = [...labels]
    .toSorted(([one], [two]) => (one < two ? -1 : 1))
    .map(([label, value]) => `${encodeURIComponent(label)}=${encodeURIComponent(value)}`)
  return `cimd:appc:v=0:${name}${query.length === 0 ? '' : `?${query.join('&')}`}`
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

/** As in a query, `+` is a blank. */
function decoded(text: string, fail: (rule: string) => ImageError): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw fail(`"${quoteForeign(text, 100)}" is not percent-encoded`)
  }
}
