const SHORT: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
}

const ESCAPE = /\\([0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.|$)/gsu

/** What a quoted text means: the escapes of Go, and the quote itself behind a backslash. Undefined for an escape that is none. */
export function unquote(quoted: string): string | undefined {
  const quote = quoted[0] ?? ''
  let isWrong = false
  const text = quoted.slice(1, -1).replaceAll(ESCAPE, (_, escape: string) => {
    const character = escape === quote ? quote : characterOf(escape)
    isWrong ||= character === undefined
    return character ?? ''
  })
  return isWrong ? undefined : text
}

function characterOf(escape: string): string | undefined {
  if (escape.length === 1) return SHORT[escape]
  const number = /^[0-7]/.test(escape) ? Number.parseInt(escape, 8) : Number.parseInt(escape.slice(1), 16)
  return number <= 0x10_ff_ff ? String.fromCodePoint(number) : undefined
}
