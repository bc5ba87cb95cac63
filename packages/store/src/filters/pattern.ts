import { createMachine } from './pattern-machine.ts'
import { parsePattern } from './pattern-syntax.ts'

/** Looks for a pattern anywhere in a text. */
export interface Pattern {
  test(text: string): boolean
}

/** The longest pattern, in characters. */
const MAX_PATTERN_CHARACTERS = 512

export type CompiledPattern =
  | { readonly pattern: Pattern; readonly problem?: undefined }
  | { readonly pattern?: undefined; readonly problem: string }

/**
 * A pattern that is searched for anywhere in a text, in time that grows with the length of the text and no faster, whatever the pattern.
 * What has no such time, looking around and referring back, is refused.
 */
export function compilePattern(text: string): CompiledPattern {
  if (text.length > MAX_PATTERN_CHARACTERS) return { problem: `it has more than ${MAX_PATTERN_CHARACTERS} characters` }
  const plain = withPlainEscapes(text)
  if (/\\[1-9]|\\k<|\(\?(?:[=!]|<[=!])/.test(plain)) return { problem: 'it looks around or refers back' }
  // Flags at the front are how other tools write them.
  const [, flags = '', rest = plain] = /^\(\?([ims]+)\)(.*)$/s.exec(plain) ?? []
  try {
    const native = new RegExp(rest, `${flags}u`)
    return isQuick(rest) ? { pattern: native } : machineFor(rest, native.flags)
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

/** Any sign behind a backslash means itself in the patterns of Go, and only some do in those of JavaScript. */
function withPlainEscapes(text: string): string {
  return text.replaceAll(/\\([\s\S])/g, (escape, sign: string) =>
    /[\0-\x7f]/.test(sign) && /\W|_/.test(sign) ? `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}` : escape,
  )
}

/** JavaScript's own engine tries one way after the other. Without groups, and with one repetition, these are few. */
function isQuick(text: string): boolean {
  return !text.includes('(') && (text.match(/[*+?{]/g) ?? []).length <= 1
}

function machineFor(text: string, flags: string): CompiledPattern {
  const parsed = parsePattern(text, flags)
  if (parsed.problem !== undefined) return { problem: parsed.problem }
  const machine = createMachine(parsed.pattern)
  return machine === undefined ? { problem: 'it repeats too much, too often' } : { pattern: machine }
}
