import { ImageError, quoteForeign } from '@crossdock/core'

/** A piece of a filter; `end` is what follows the last one. */
export interface Token {
  readonly kind: 'field' | 'value' | 'quoted' | 'separator' | 'operator' | 'end'
  readonly text: string
  /** Characters before it. */
  readonly at: number
}

/** Reads a filter piece by piece. What a piece is depends on what came before: values may hold what fields may not. */
export interface Scanner {
  next(): Token
  /** The character that comes next, without skipping blanks; empty at the end. */
  peek(): string
  error(at: number, reason: string): ImageError
}

const SPACE = /\s/u
const FIELD = /[A-Za-z0-9_]+/y
const VALUE = /[\p{L}\p{M}\p{N}\p{P}\p{S}]+/uy
const OPERATOR = /[=!~]+/y

export function createScanner(text: string): Scanner {
  let at = 0
  let isValueNext = false

  const error = (where: number, reason: string): ImageError =>
    new ImageError(
      'INVALID_DATA',
      `the filter "${quoteForeign(text, 300)}" cannot be read at character ${where + 1}: ${reason}`,
    )

  /** What a pattern takes from here on, up to a comma. */
  function take(pattern: RegExp, kind: Token['kind']): Token | undefined {
    pattern.lastIndex = at
    const [taken = ''] = pattern.exec(text) ?? []
    const found = kind === 'value' ? taken.replace(/,.*$/su, '') : taken
    if (found === '') return undefined
    const token: Token = { kind, text: found, at }
    at += found.length
    return token
  }

  /** From a quote to the next one of its kind; a backslash takes the meaning of what follows. */
  function quoted(quote: string): Token {
    const start = at
    for (at += 1; at < text.length; at += 1) {
      const character = text[at]
      if (character === '\n') break
      if (character === '\\') at += 1
      else if (character === quote) {
        at += 1
        return { kind: 'quoted', text: text.slice(start, at), at: start }
      }
    }
    throw error(start, `there is no ${quote} that ends what begins here`)
  }

  function next(): Token {
    while (SPACE.test(text[at] ?? '')) at += 1
    const character = text[at]
    if (character === undefined) return { kind: 'end', text: '', at }
    if (character === '\0') throw error(at, 'it holds a NUL character')
    if (character === '"' || character === '/' || character === '|') {
      isValueNext = false
      return quoted(character)
    }
    if (character === ',' || character === '.') {
      at += 1
      return { kind: 'separator', text: character, at: at - 1 }
    }
    const operator = take(OPERATOR, 'operator')
    if (operator !== undefined) {
      isValueNext = true
      return operator
    }
    const token = isValueNext ? take(VALUE, 'value') : take(FIELD, 'field')
    isValueNext = false
    return token ?? { kind: 'end', text: character, at }
  }

  return { next, peek: () => text[at] ?? '', error }
}
