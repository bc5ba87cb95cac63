import { createScanner, type Scanner, type Token } from './scanner.ts'
import { compilePattern, type Pattern } from './pattern.ts'
import { unquote } from './unquote.ts'

/** One condition: a field is there, equals or does not equal a text, or matches a pattern. */
export type Clause =
  | { readonly operator: 'present'; readonly path: readonly string[] }
  | { readonly operator: '==' | '!='; readonly path: readonly string[]; readonly value: string }
  | { readonly operator: '~='; readonly path: readonly string[]; readonly pattern: Pattern }

/** The longest filter that is read, in characters. */
const MAX_FILTER_CHARACTERS = 4096

/**
 * Reads a filter, conditions that all have to hold: `name==x,labels.env!=test`, `name~=^docker\.io/`, `labels."a/b"`. The empty text has
 * none, and everything matches it.
 *
 * Throws `INVALID_DATA` with the place. The grammar is that of containerd's filters; unlike there, a pattern that is none is an error.
 */
export function parseFilter(text: string): readonly Clause[] {
  const scanner = createScanner(text)
  if (text.length > MAX_FILTER_CHARACTERS)
    throw scanner.error(0, `it has more than ${MAX_FILTER_CHARACTERS} characters`)
  if (!text.isWellFormed()) throw scanner.error(0, 'it is not well-formed text')
  if (text === '') return []
  const clauses = [readClause(scanner)]
  while (scanner.peek() === ',') {
    scanner.next()
    clauses.push(readClause(scanner))
  }
  const rest = scanner.peek()
  if (rest !== '') throw scanner.error(scanner.next().at, `a comma or the end is expected, not "${rest}"`)
  return clauses
}

function readClause(scanner: Scanner): Clause {
  const path = readPath(scanner)
  const following = scanner.peek()
  if (following === ',' || following === '') return { operator: 'present', path }
  const token = scanner.next()
  const operator = token.text
  if (token.kind !== 'operator') throw scanner.error(token.at, 'one of ==, != and ~= is expected')
  if (operator === '~=') return { operator, path, pattern: readPattern(scanner) }
  if (operator !== '==' && operator !== '!=') throw scanner.error(token.at, `${operator} is none of ==, != and ~=`)
  return { operator, path, value: readValue(scanner, { quotes: '"' }).value }
}

/** Names with dots between, and no blank before a dot. */
function readPath(scanner: Scanner): readonly string[] {
  const path = [readField(scanner)]
  while (scanner.peek() === '.') {
    scanner.next()
    path.push(readField(scanner))
  }
  return path
}

function readField(scanner: Scanner): string {
  const token = scanner.next()
  if (token.kind === 'field') return token.text
  if (token.kind === 'quoted') return unquoted(scanner, token, '"')
  throw scanner.error(token.at, 'the name of a field is expected')
}

function readValue(
  scanner: Scanner,
  { quotes }: { readonly quotes: string },
): { readonly value: string; readonly at: number } {
  const token = scanner.next()
  if (token.kind === 'value' || token.kind === 'field') return { value: token.text, at: token.at }
  if (token.kind === 'quoted') return { value: unquoted(scanner, token, quotes), at: token.at }
  throw scanner.error(token.at, 'a value is expected; one that begins with a sign stands in quotes')
}

function unquoted(scanner: Scanner, { text, at }: Token, quotes: string): string {
  if (!quotes.includes(text[0] ?? '')) throw scanner.error(at, `quotes are ${quotes.split('').join(' or ')} here`)
  const value = unquote(text)
  if (value === undefined) throw scanner.error(at, 'it holds an escape that is not known')
  return value
}

function readPattern(scanner: Scanner): Pattern {
  const { value, at } = readValue(scanner, { quotes: '"/|' })
  const { pattern, problem } = compilePattern(value)
  if (pattern === undefined) throw scanner.error(at, `the pattern cannot be used: ${problem}`)
  return pattern
}
