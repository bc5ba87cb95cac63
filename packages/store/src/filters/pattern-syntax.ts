/** What stands for exactly one character, or for a place between two. */
export type PatternNode =
  | { readonly kind: 'character'; readonly matches: (character: string) => boolean }
  | { readonly kind: 'place'; readonly holds: (place: Place) => boolean }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly part: PatternNode; readonly least: number; readonly most: number }

/** The characters before and after it; undefined at the ends. */
export interface Place {
  readonly before: string | undefined
  readonly after: string | undefined
}

export type ParsedPattern =
  | { readonly pattern: PatternNode; readonly problem?: undefined }
  | { readonly pattern?: undefined; readonly problem: string }

const GROUP = /\((?:\?(?::|<[^>]*>))?/y
const QUANTIFIER = /(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/y
const PLACE = /\^|\$|\\[bB]/y
/** One character, an escape or a class, as JavaScript has them with the flag `u`. */
const CHARACTER =
  /\[(?:\\.|[^\]\\])*\]|\\[pPu]\{[^}]*\}|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u.{4}|\\x..|\\c.|\\.|[^\\]/suy

/** Takes apart a pattern that JavaScript can read with these flags, `u` among them. */
export function parsePattern(text: string, flags: string): ParsedPattern {
  let at = 0

  function take(what: RegExp): RegExpExecArray | undefined {
    what.lastIndex = at
    const found = what.exec(text)
    if (found !== null) at += found[0].length
    return found ?? undefined
  }

  function choice(): PatternNode {
    const parts = [sequence()]
    while (text[at] === '|') {
      at += 1
      parts.push(sequence())
    }
    return { kind: 'choice', parts }
  }

  function sequence(): PatternNode {
    const parts: PatternNode[] = []
    while (at < text.length && text[at] !== '|' && text[at] !== ')') parts.push(quantified(atom()))
    return { kind: 'sequence', parts }
  }

  function atom(): PatternNode {
    if (take(GROUP) !== undefined) {
      const inner = choice()
      at += 1 // the closing parenthesis
      return inner
    }
    const [place] = take(PLACE) ?? []
    if (place !== undefined) return { kind: 'place', holds: placeTest(place, flags) }
    return { kind: 'character', matches: characterTest(take(CHARACTER)?.[0] ?? '', flags) }
  }

  function quantified(part: PatternNode): PatternNode {
    const found = take(QUANTIFIER)
    if (found === undefined) return part
    const [, sign, least = '0', comma, most = ''] = found
    if (sign !== undefined)
      return { kind: 'repeat', part, least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : Infinity }
    const open = most === '' ? Infinity : Number(most)
    return { kind: 'repeat', part, least: Number(least), most: comma === undefined ? Number(least) : open }
  }

  if (/\(\?[a-z-]/.test(text)) return { problem: 'flags may stand at its beginning only, as (?i)' }
  return { pattern: choice() }
}

function characterTest(source: string, flags: string): (character: string) => boolean {
  if (!flags.includes('i') && /^[^.[\\]/.test(source)) return (character) => character === source
  const pattern = new RegExp(`^${source}$`, flags.replace('m', ''))
  return (character) => pattern.test(character)
}

const isWord = (character: string | undefined): boolean => character !== undefined && /\w/.test(character)
const isLineEnd = (character: string | undefined): boolean =>
  character !== undefined && /[\n\r\u2028\u2029]/.test(character)

function placeTest(source: string, flags: string): (place: Place) => boolean {
  const lines = flags.includes('m')
  if (source === '^') return ({ before }) => before === undefined || (lines && isLineEnd(before))
  if (source === '$') return ({ after }) => after === undefined || (lines && isLineEnd(after))
  const wanted = source === '\\b'
  return ({ before, after }) => (isWord(before) !== isWord(after)) === wanted
}
