/** The longest pattern, in characters. */
const MAX_PATTERN_CHARACTERS = 512

/** A repetition of what holds a repetition itself takes this engine exponential time on texts that do not match. */
const NESTED_REPETITION = /\((?:[^()\\]|\\.)*(?:[*+]|\{\d+,)(?:[^()\\]|\\.)*\)(?:[*+]|\{\d+,)/

export type CompiledPattern =
  | { readonly pattern: RegExp; readonly problem?: undefined }
  | { readonly pattern?: undefined; readonly problem: string }

/**
 * A pattern that is searched for anywhere in a text. What the linear-time engines of other tools have not, looking around and referring back,
 * is refused, as are the repetitions that could take this one for ever.
 */
export function compilePattern(text: string): CompiledPattern {
  if (text.length > MAX_PATTERN_CHARACTERS) return { problem: `it has more than ${MAX_PATTERN_CHARACTERS} characters` }
  if (/\\[1-9]|\\k<|\(\?(?:[=!]|<[=!])/.test(text)) return { problem: 'it looks around or refers back' }
  if (NESTED_REPETITION.test(text)) return { problem: 'it repeats a group that repeats something itself' }
  try {
    // Flags at the front are how those tools write them.
    const [, flags = '', rest = text] = /^\(\?([ims]+)\)(.*)$/s.exec(text) ?? []
    return { pattern: new RegExp(rest, flags.includes('u') ? flags : `${flags}u`) }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}
