import type { DocumentPath } from './config-document.ts'

/** Offsets of the tables and keys of a TOML text, by their path. */
export type TomlPlaces = ReadonlyMap<string, number>

export function placeKey(path: DocumentPath): string {
  return JSON.stringify(path)
}

const SPACE = /(?:[\s]|#[^\n]*)*/y
const NAME = /[\t ]*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([A-Za-z0-9_-]+))[\t ]*/y
/** One token of a value; what follows it in brackets is found by counting them. */
const TOKEN =
  /"""(?:[^\\]|\\[\s\S])*?"""+|'''[\s\S]*?'''+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*|[[\]{}]|\n|[^\n"'#[\]{}]+/y

/**
 * Finds where tables and keys stand. The text must be valid TOML, which a parser has said before: parsers do not give places of values that are
 * well-formed and wrong all the same. Keys within inline tables have no place of their own.
 */
export function tomlPlaces(text: string): TomlPlaces {
  const places = new Map<string, number>()
  const scanner = new Scanner(text)
  const counts = new Map<string, number>()
  let table: DocumentPath = []
  for (scanner.skip(SPACE); !scanner.atEnd; scanner.skip(SPACE)) {
    const start = scanner.offset
    const brackets = scanner.text.startsWith('[[', start) ? 2 : scanner.text[start] === '[' ? 1 : 0
    scanner.offset += brackets
    const names = scanner.names()
    if (names.length === 0) return places
    if (brackets === 0) {
      places.set(placeKey([...table, ...names]), start)
      scanner.offset += 1 // the equals sign
      scanner.skipValue()
      continue
    }
    scanner.offset += brackets
    table = resolve(names, { counts, isElement: brackets === 2 })
    places.set(placeKey(table), start)
  }
  return places
}

/** Names in a header beyond which tables have no place; nobody writes so many, and the work for them grows with their square. */
const MAX_NAMES = 32

/** The path that a header means: names of lists of tables stand for their last element. */
function resolve(
  names: readonly string[],
  { counts, isElement }: { readonly counts: Map<string, number>; readonly isElement: boolean },
): DocumentPath {
  let path: (string | number)[] = []
  for (const [index, name] of names.slice(0, MAX_NAMES).entries()) {
    path = [...path, name]
    const key = placeKey(path)
    const isNew = isElement && index === names.length - 1
    const count = (counts.get(key) ?? 0) + (isNew ? 1 : 0)
    if (isNew) counts.set(key, count)
    if (count > 0) path = [...path, count - 1]
  }
  return path
}

class Scanner {
  readonly text: string
  offset = 0

  constructor(text: string) {
    this.text = text
  }

  get atEnd(): boolean {
    return this.offset >= this.text.length
  }

  skip(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.offset
    const match = pattern.exec(this.text)
    this.offset += match?.[0].length ?? 0
    return match
  }

  /** A dotted key. */
  names(): string[] {
    const names: string[] = []
    for (let match = this.skip(NAME); match !== null; match = this.skip(NAME)) {
      names.push(match[1] === undefined ? (match[2] ?? match[3] ?? '') : unescape(match[1]))
      if (this.text[this.offset] !== '.') break
      this.offset += 1
    }
    return names
  }

  /** To the end of the line on which no bracket of the value is open. */
  skipValue(): void {
    let depth = 0
    for (let match = this.skip(TOKEN); match !== null; match = this.skip(TOKEN)) {
      const [token] = match
      if (token === '[' || token === '{') depth += 1
      else if (token === ']' || token === '}') depth -= 1
      else if (token === '\n' && depth <= 0) return
    }
  }
}

/** The escapes that JSON knows, too; a key with others is merely not found. */
function unescape(inner: string): string {
  try {
    return String(JSON.parse(`"${inner}"`))
  } catch {
    return inner
  }
}
