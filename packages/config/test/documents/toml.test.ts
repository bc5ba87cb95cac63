import { assert, constantFrom, dictionary, integer, array, oneof, property, stringMatching } from 'fast-check'
import { stringify } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { readToml } from '../../src/documents/toml.ts'
import { placeKey, tomlPlaces } from '../../src/documents/toml-places.ts'

const read = (text: string) => readToml(new TextEncoder().encode(text), '/etc/x.conf')

describe('readToml', () => {
  it.each([
    ['a = ', '/etc/x.conf:1:5: it is not TOML'],
    ['a = 1\nb = [1,\n2\nc = 3', '/etc/x.conf:4:'],
    ['a = 1\na = 2', '/etc/x.conf:2:'],
    ['[t]\n[t]', '/etc/x.conf:2:'],
    ['a = "\u0001"', '/etc/x.conf:1:'],
    [`a = ${'['.repeat(40)}${']'.repeat(40)}`, 'it is not TOML'],
    [`a = ${'['.repeat(100_000)}`, 'it is not TOML'],
  ])('refuses %j', async (text, reason) => {
    const failure = read(text)
    await expect(failure).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await expect(failure).rejects.toThrow(reason)
  })

  it('names the line that is not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('a = 1\nb = "'), Uint8Array.of(0xff), Buffer.from('"\n')])
    await expect(readToml(bytes, 'x')).rejects.toThrow('x:2: it is not valid UTF-8')
  })

  it('shows nothing of the lines around a mistake', async () => {
    await expect(read('token = "hunter2"\nx')).rejects.toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') as string }),
    )
  })
})

const TEXT = `# comment with [[registry]] in it
top = "x" # = [no]
list = [
  "a]", # ]
  { k = "[" },
]
long = """
[[registry]]
key = "no" """
raw = '''
[no]
'''

[[registry]]
prefix = "a"
[[registry.mirror]]
location = "m1"
  [[registry.mirror]]
  location = "m2"
[[registry]]
"pre\\u0066ix" = "b"
dotted.key = 1
[registry.'sub table']
x = 1
[aliases]
"a/b" = "c"
`

function lineIn(path: readonly (string | number)[]): number | undefined {
  const offset = tomlPlaces(TEXT).get(placeKey(path))
  return offset === undefined ? undefined : TEXT.slice(0, offset).split('\n').length
}

/** The paths of a document's tables and keys, but of those in inline tables. */
function pathsIn(document: Readonly<Record<string, unknown>>): readonly (readonly (string | number)[])[] {
  return Object.entries(document).flatMap(([key, value]) => {
    if (Array.isArray(value)) return [value.some((item) => typeof item === 'object') ? [key, value.length - 1] : [key]]
    if (typeof value !== 'object' || value === null) return [[key]]
    return [[key], ...Object.keys(value).map((inner) => [key, inner])]
  })
}

describe('tomlPlaces', () => {
  it.each<[number | undefined, ...(string | number)[]]>([
    [2, 'top'],
    [3, 'list'],
    [7, 'long'],
    [10, 'raw'],
    [14, 'registry', 0],
    [15, 'registry', 0, 'prefix'],
    [16, 'registry', 0, 'mirror', 0],
    [19, 'registry', 0, 'mirror', 1, 'location'],
    [20, 'registry', 1],
    [21, 'registry', 1, 'prefix'],
    [22, 'registry', 1, 'dotted', 'key'],
    [24, 'registry', 1, 'sub table', 'x'],
    [26, 'aliases', 'a/b'],
    [undefined, 'registry', 2],
    [undefined, 'key'],
  ])('finds line %s', (expected, ...path) => {
    expect(lineIn(path)).toBe(expected)
  })

  it('finds every key of every document', () => {
    const names = stringMatching(/^[a-z "'.=[\]#{}\\-]{1,6}$/)
    const values = oneof(integer(), stringMatching(/^[ -~\n]{0,12}$/), array(stringMatching(/^[[\]"'#\n]{0,4}$/)))
    const tables = dictionary(
      names,
      oneof(values, dictionary(names, values), array(dictionary(names, values), { minLength: 1 })),
    )
    assert(
      property(tables, (document) => {
        const text = stringify(document)
        const places = tomlPlaces(text)
        expect(pathsIn(document).filter((path) => !places.has(placeKey(path)))).toEqual([])
      }),
    )
  })

  it('never fails, whatever the text', () => {
    const pieces = constantFrom(
      '[',
      ']',
      '[[',
      ']]',
      '"',
      "'",
      '"""',
      "'''",
      '\n',
      '#',
      '=',
      '.',
      'a',
      ' ',
      '\\',
      '{',
      '}',
    )
    assert(
      property(array(pieces, { maxLength: 40 }), (parts) => {
        expect(tomlPlaces(parts.join(''))).toBeInstanceOf(Map)
      }),
    )
  })
})
