/** One challenge of a `WWW-Authenticate` header (RFC 9110, 11.6.1). */
export interface Challenge {
  /** Lower case. */
  readonly scheme: string
  /** Lower-case names; the first value of each. */
  readonly params: ReadonlyMap<string, string>
}

/** As long as the whole head of an answer may be. */
const MAX_CHALLENGE_CHARACTERS = 64 * 1024
const TOKEN_CHARACTER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]$/
const LOOSE_CHARACTER = /^[^\s,="]$/

/**
 * The challenges of all `WWW-Authenticate` headers of an answer, in their order, read in one pass. Broken headers are common,
 * and one that can be used is better than none: where the grammar is broken, what was complete before that place counts and the
 * rest of that header is dropped. More than 65 536 characters of a header are not looked at.
 */
export function parseChallenges(headers: readonly string[]): Challenge[] {
  return headers.flatMap((header) => parseHeader(header.slice(0, MAX_CHALLENGE_CHARACTERS)))
}

interface OpenChallenge {
  readonly scheme: string
  readonly params: Map<string, string>
}

function parseHeader(header: string): Challenge[] {
  const scanner = createScanner(header)
  const challenges: OpenChallenge[] = []
  for (;;) {
    scanner.separators()
    if (scanner.done()) return challenges
    const word = scanner.word()
    if (word === undefined || word === '') return challenges
    scanner.spaces()
    if (!scanner.take('=')) {
      challenges.push({ scheme: word.toLowerCase(), params: new Map() })
      continue
    }
    const current = challenges.at(-1)
    const value = scanner.value()
    if (current === undefined || value === undefined) return challenges
    const name = word.toLowerCase()
    if (!current.params.has(name)) current.params.set(name, value)
    if (!scanner.atSeparator()) return challenges
  }
}

interface Scanner {
  done(): boolean
  spaces(): void
  /** Spaces and commas. */
  separators(): void
  take(character: string): boolean
  /** Whether a parameter ends here; another word after a mere space is a broken header. */
  atSeparator(): boolean
  /** A token, or one in quotes. Undefined if a quote is not closed. */
  word(): string | undefined
  /** A token (loosely: `/` and `:` occur) or a quoted string; undefined if there is none. */
  value(): string | undefined
}

function createScanner(text: string): Scanner {
  let position = 0

  function takeWhile(pattern: RegExp): string {
    const start = position
    while (position < text.length && pattern.test(text.charAt(position))) position += 1
    return text.slice(start, position)
  }

  function quoted(): string | undefined {
    let value = ''
    for (position += 1; position < text.length; position += 1) {
      const character = text.charAt(position)
      if (character === '"') {
        position += 1
        return value
      }
      if (character === '\\') position += 1
      value += text.charAt(position)
    }
    return undefined
  }

  const spaces = (): void => void takeWhile(/\s/)
  return {
    done: () => position >= text.length,
    spaces,
    separators: () => void takeWhile(/[\s,]/),
    take(character) {
      if (text.charAt(position) !== character) return false
      position += 1
      return true
    },
    atSeparator() {
      spaces()
      return position >= text.length || text.charAt(position) === ','
    },
    word: () => (text.charAt(position) === '"' ? quoted() : takeWhile(TOKEN_CHARACTER)),
    value() {
      spaces()
      if (text.charAt(position) === '"') return quoted()
      const value = takeWhile(LOOSE_CHARACTER)
      return value === '' ? undefined : value
    },
  }
}
