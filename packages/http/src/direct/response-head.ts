/** The first lines of an answer. */
export interface ResponseHead {
  readonly status: number
  /** HTTP/1.0 keeps no connection open by itself. */
  readonly version: '1.0' | '1.1'
  /** Names and values by turns, as they came. */
  readonly fields: readonly string[]
}

/** The answer is not what HTTP/1.1 allows. */
export class UnsoundAnswer extends Error {
  static {
    Object.defineProperty(UnsoundAnswer.prototype, 'name', { value: 'UnsoundAnswer', configurable: true })
  }
}

const LINE_FEED = 10
const RETURN = 13
const STATUS_LINE = /^HTTP\/(1\.[01]) ([1-9][0-9]{2})(?: [^\0\r]*)?$/
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** Bytes that end a line or a text elsewhere, or steer a terminal; a tab and bytes above ASCII are allowed. */
// oxlint-disable-next-line eslint/no-control-regex
const NOT_IN_VALUES = /[\0-\x08\x0a-\x1f\x7f]/

/** Where the head that begins at 0 ends, behind its empty line, looking no further back than `from`; -1 if it does not yet. */
export function headEnd(bytes: Uint8Array, from: number, to: number): number {
  const seen = bytes.subarray(0, to)
  for (let at = seen.indexOf(LINE_FEED, from); at >= 0; at = seen.indexOf(LINE_FEED, at + 1)) {
    const before = bytes[at - 1] === RETURN ? at - 2 : at - 1
    if (bytes[before] === LINE_FEED) return at + 1
  }
  return -1
}

/**
 * Reads a head, the empty line included (RFC 9112, 4 and 5). Lines may end in a single line feed (2.2); lines that go on in the
 * next one are refused (5.2). Throws `UnsoundAnswer`.
 */
export function parseHead(text: string): ResponseHead {
  const [first = '', ...lines] = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  const [, version, status] = STATUS_LINE.exec(first) ?? []
  if (status === undefined) throw new UnsoundAnswer('no status line')
  const fields: string[] = []
  for (const line of lines) if (line !== '') fields.push(...parseField(line))
  return { status: Number(status), version: version === '1.1' ? '1.1' : '1.0', fields }
}

/** Name and value of one field line, without its end. Throws `UnsoundAnswer`. */
export function parseField(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(colon, 0))
  if (!NAME.test(name)) throw new UnsoundAnswer('a header without a name')
  const value = trimBlanks(line.slice(colon + 1))
  if (NOT_IN_VALUES.test(value)) throw new UnsoundAnswer('a header with control characters')
  return [name, value]
}

/** Without the spaces and tabs at both ends. (A pattern would look at long blanks within again and again.) */
export function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text, start)) start += 1
  while (end > start && isBlank(text, end - 1)) end -= 1
  return text.slice(start, end)
}

function isBlank(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t'
}
