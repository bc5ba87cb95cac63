import { ImageError, quoteForeign } from '@crossdock/core'
import { aciIdentifierProblem } from './identifier.ts'
import { isCimd, parseCimd } from './cimd.ts'

/** By name; a label may have any text as its value that holds no comma, no colon and no control character. */
export type AppLabels = ReadonlyMap<string, string>

/** The name of an App Container Image with the labels that it has to have. */
export interface AppName {
  /** An AC Identifier: `example.com/team/app`. */
  readonly name: string
  /** `version` is one of them. */
  readonly labels: AppLabels
}

const MAX_CHARACTERS = 4096

/**
 * Reads `NAME[:VERSION][,LABEL=VALUE]…` (appc spec, "App Container Image Discovery"), or the same as rkt's URI, `cimd:appc:v=0:NAME?LABEL=VALUE`. Throws
 * `INVALID_REFERENCE`.
 */
export function parseAppName(text: string): AppName {
  const fail = (rule: string): ImageError =>
    new ImageError('INVALID_REFERENCE', `"${quoteForeign(text, 200)}" is no name of an App Container Image: ${rule}`)
  if (text.length > MAX_CHARACTERS) throw fail(`it is longer than ${MAX_CHARACTERS} characters`)
  if (/\p{Cc}/u.test(text)) throw fail('it has a control character')
  const { name, labels } = isCimd(text) ? parseCimd(text, fail) : split(text, fail)
  return checked(name, labels, fail)
}

type Pairs = readonly (readonly [string, string])[]

function split(text: string, fail: (rule: string) => ImageError): { readonly name: string; readonly labels: Pairs } {
  const [first = '', ...rest] = text.split(',')
  const [name = '', ...versions] = first.split(':')
  if (versions.length > 1 || rest.some((part) => part.includes(':'))) {
    throw fail('a colon stands once, between name and version')
  }
  const labels = rest.map((part): readonly [string, string] => {
    const equals = part.indexOf('=')
    if (equals < 0) throw fail(`the label "${quoteForeign(part, 100)}" has no "="`)
    return [part.slice(0, equals), part.slice(equals + 1)]
  })
  return { name, labels: [...versions.map((version) => ['version', version] as const), ...labels] }
}

function checked(name: string, pairs: Pairs, fail: (rule: string) => ImageError): AppName {
  const problem = aciIdentifierProblem(name)
  if (problem !== undefined) throw fail(`the name ${problem}`)
  const labels = new Map<string, string>()
  for (const [label, value] of pairs) {
    const wrong = aciIdentifierProblem(label)
    if (wrong !== undefined) throw fail(`the label "${quoteForeign(label, 100)}" ${wrong}`)
    if (label === 'name' || labels.has(label)) throw fail(`it has the label "${quoteForeign(label, 100)}" twice`)
    if (/[,:\p{Cc}]/u.test(value))
      throw fail(`the label "${quoteForeign(label, 100)}" has a comma or a colon in its value`)
    labels.set(label, value)
  }
  return Object.freeze({ name, labels })
}

/** What {@link parseAppName} reads as an equal name: version, os, arch, then the other labels by name. */
export function formatAppName({ name, labels }: AppName): string {
  const version = labels.get('version')
  const first = ['os', 'arch'].filter((label) => labels.has(label))
  const others = [...labels.keys()].filter((label) => !['version', 'os', 'arch'].includes(label)).toSorted()
  const rest = [...first, ...others].map((label) => `,${label}=${labels.get(label)}`)
  return `${name}${version === undefined ? '' : `:${version}`}${rest.join('')}`
}
