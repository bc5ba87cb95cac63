import { readFileSync } from 'node:fs'
import { formatDockerReference, parseDockerReference } from '@crossdock/core'
import { assert, constantFrom, array, property } from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { matchPrefix } from '../../src/registries-conf/match-prefix.ts'
import { rewrite } from '../../src/registries-conf/registry-route.ts'
import { registryRoute } from '../../src/index.ts'
import { confOf } from './conf.ts'

interface Tables {
  readonly TestPullSourcesFromReference: readonly {
    readonly matchedPrefix: string
    readonly repo: string
    readonly digestPrefixes: readonly string[]
    readonly digestInsecure: readonly boolean[]
    readonly tagPrefixes: readonly string[]
    readonly tagInsecure: readonly boolean[]
  }[]
  readonly TestRefMatchingPrefix: readonly MatchRow[]
  readonly TestRefMatchingSubdomainPrefix: readonly MatchRow[]
  readonly TestRewriteReferenceSuccess: readonly (RewriteRow & { readonly expected: string })[]
  readonly TestRewriteReferenceFailedDuringParseNamed: readonly RewriteRow[]
}

interface MatchRow {
  readonly ref: string
  readonly prefix: string
  readonly expected: number | '-1'
}

interface RewriteRow {
  readonly inputRef: string
  readonly prefix: string
  readonly location: string
}

const tables = JSON.parse(
  readFileSync(new URL('../fixtures/containers-image/system_registries_v2_test.json', import.meta.url), 'utf8'),
) as Tables
// The tables shorten digests; whole ones are as long as they have to be.
const whole = (text: string): string =>
  text.replace(/@sha256:([ab])\1*$/, (_, hex: string) => `@sha256:${hex.repeat(64)}`)
const DIGEST = `@sha256:${'d'.repeat(64)}`

describe('matching a prefix', () => {
  it.each([...tables.TestRefMatchingPrefix, ...tables.TestRefMatchingSubdomainPrefix])(
    '$prefix of $ref',
    ({ ref, prefix, expected }) => {
      const [text, start] = [whole(ref), whole(prefix)]
      const length = prefix.includes('@') && expected !== '-1' ? text.length : Number(expected)
      expect(matchPrefix(text, start) ?? -1).toBe(length)
    },
  )

  it('matches only what stands between boundaries', () => {
    const pieces = constantFrom('a', 'b.c', '.', '/', ':', '@', '*.', 'com')
    assert(
      property(array(pieces, { maxLength: 6 }), array(pieces, { maxLength: 6 }), (one, other) => {
        const [prefix, reference] = [one.join(''), one.join('') + other.join('')]
        const length = matchPrefix(reference, prefix)
        const isWhole = /^(?:$|[/:@])/.test(reference.slice(prefix.length))
        expect(prefix.startsWith('*.') ? (length ?? 0) <= reference.length : (length !== undefined) === isWhole).toBe(
          true,
        )
      }),
    )
  })
})

const rewritten = ({ inputRef, prefix, location }: RewriteRow): string | undefined => {
  const text = whole(inputRef)
  const length = matchPrefix(text, prefix)
  if (length === undefined) return undefined
  if (location === '') return prefix.startsWith('*.') ? text : undefined
  const entry = { prefix, location, insecure: false, blocked: false, mirrors: [], origin: { file: 'f', line: 7 } }
  return formatDockerReference(rewrite({ entry, text, length }, location))
}

describe('rewriting a name', () => {
  it.each(tables.TestRewriteReferenceSuccess)('$inputRef with $prefix at $location is $expected', (row) => {
    expect(rewritten(row)).toBe(whole(row.expected))
  })

  it.each(tables.TestRewriteReferenceFailedDuringParseNamed)('$inputRef with $prefix at $location fails', (row) => {
    let result: string | undefined
    try {
      result = rewritten(row)
    } catch (error) {
      result = String(error)
    }
    expect(result === undefined || result.includes('f:7: ')).toBe(true)
  })
})

describe('sources', () => {
  const CONF = `
[[registry]]
prefix = "registry-a.com/foo"
location = "registry-a.com/bar"
${mirrors('a', ['', 'insecure = true'])}
[[registry]]
prefix = "registry-a.com/baz"
location = "registry-a.com/bar"
${mirrors('a', ['', 'insecure = true'])}
[[registry]]
prefix = "registry-b.com/foo"
location = "registry-b.com/bar"
${mirrors('b', ['pull-from-mirror = "digest-only"', 'pull-from-mirror = "digest-only"'])}
[[registry]]
prefix = "registry-b.com/baz"
location = "registry-b.com/bar"
mirror-by-digest-only = true
${mirrors('b', ['', ''])}
[[registry]]
prefix = "registry-c.com/baz"
location = "registry-c.com/bar"
${mirrors('c', ['', 'pull-from-mirror = "digest-only"'])}
[[registry]]
prefix = "registry-d.com/baz"
location = "registry-d.com/bar"
mirror-by-digest-only = true
${mirrors('d', ['', ''])}
[[registry]]
prefix = "registry-e.com/baz"
location = "registry-e.com/bar"
${mirrors('e', ['pull-from-mirror = "tag-only"', 'pull-from-mirror = "tag-only"'])}
[[registry]]
prefix = "registry-f.com/baz"
location = "registry-f.com/bar"
${mirrors('f', ['', 'pull-from-mirror = "tag-only"'])}
[[registry]]
prefix = "registry-g.com/baz"
location = "registry-g.com/bar"
${mirrors('g', ['pull-from-mirror = "digest-only"', 'pull-from-mirror = "tag-only"', '', 'pull-from-mirror = "all"'])}
`

  it.each(tables.TestPullSourcesFromReference)('of $matchedPrefix', async (row) => {
    const conf = await confOf(CONF)
    for (const [suffix, prefixes, insecure] of [
      [':tag', row.tagPrefixes, row.tagInsecure],
      [DIGEST, row.digestPrefixes, row.digestInsecure],
      [`:tag${DIGEST}`, row.digestPrefixes, row.digestInsecure],
    ] as const) {
      const route = registryRoute(conf, parseDockerReference(`${row.matchedPrefix}/${row.repo}${suffix}`))
      expect(route?.sources.map(({ reference }) => formatDockerReference(reference))).toEqual(
        prefixes.map((prefix) => `${prefix}/${row.repo}${suffix}`),
      )
      expect(route?.sources.map((source) => source.insecure)).toEqual(insecure)
    }
  })
})

const route = async (text: string, name: string) => registryRoute(await confOf(text), parseDockerReference(name))
const location = async (text: string, name: string): Promise<string | undefined> => {
  const found = await route(text, name)
  const last = found?.sources.at(-1)
  return last === undefined ? undefined : formatDockerReference(last.reference)
}

describe('registryRoute', () => {
  const LADDER = ['example.com', '*.com', 'example.com/a', 'example.com/a/b:1', '*.example.com', 'example.com:5000']
    .map((prefix, index) => `[[registry]]\nprefix = "${prefix}"\nlocation = "l${index}.net"\n`)
    .join('')

  it.each([
    ['example.com/x:1', 'l0.net/x:1'],
    ['example.com:8080/x:1', 'l0.net:8080/x:1'], // a prefix without port stands for all ports, as in containers/image
    ['other.com/x:1', 'l1.net/x:1'],
    ['example.com/a/x:1', 'l2.net/x:1'],
    ['example.com/ab:1', 'l0.net/ab:1'],
    ['a.example.com/x:1', 'l4.net/x:1'],
    ['a.example.com:1/x:1', 'l4.net:1/x:1'],
    ['example.com:5000/x:1', 'l5.net/x:1'],
    ['example.net/x:1', undefined],
  ])('takes the longest prefix of %s', async (name, expected) => {
    expect(await location(LADDER, name)).toBe(expected)
  })

  it('knows prefixes that end in a tag or a digest', async () => {
    const text = `[[registry]]\nprefix = "a.com/b:1"\nlocation = "a.com/b:1"\nblocked = true\n[[registry]]\nlocation = "a.com/c${DIGEST}"\nblocked = true\n`
    expect((await route(text, 'a.com/b:1'))?.blocked).toContain('a.com/b:1 is blocked by /etc/1.conf:1')
    expect((await route(text, `a.com/b:1${DIGEST}`))?.blocked).toBeDefined()
    expect((await route(text, `a.com/c:9${DIGEST}`))?.blocked).toBeDefined()
    expect(await route(text, 'a.com/b:12')).toBeUndefined()
    expect(await route(text, 'a.com/c:9')).toBeUndefined()
  })

  it('says of a name that does not become one which line is to blame', async () => {
    const text = '\n[[registry]]\nprefix = "a.com/b"\nlocation = "c.com"\n'
    expect(await location(text, 'a.com/b/d:1')).toBe('c.com/d:1')
    const failure = route(text, `a.com/b${DIGEST}`)
    await expect(failure).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await expect(failure).rejects.toThrow('/etc/1.conf:2: a.com/b')
  })

  it('leaves names below a wildcard without location as they are', async () => {
    const text = '[[registry]]\nprefix = "*.a.com"\ninsecure = true\n[[registry.mirror]]\nlocation = "m.net/x"\n'
    const found = await route(text, 'b.a.com/c:1')
    expect(found).toMatchObject({ insecure: true })
    expect(found?.blocked).toBeUndefined()
    expect(found?.sources.map(({ reference, insecure }) => [formatDockerReference(reference), insecure])).toEqual([
      ['m.net/x/c:1', false],
      ['b.a.com/c:1', true],
    ])
  })
})

test('the tables are there', () => {
  expect(Object.values(tables).map(({ length }) => length)).toEqual([9, 27, 21, 21, 14])
})

function mirrors(name: string, settings: readonly string[]): string {
  return settings
    .map((setting, index) => `[[registry.mirror]]\nlocation = "mirror-${index + 1}.registry-${name}.com"\n${setting}\n`)
    .join('')
}

it.each(['prefix = "Example.COM"\nlocation = "example.com"', 'location = "EXAMPLE.com/team"', 'prefix = "*.COM"'])(
  'a registry is blocked however its host is written: %s',
  async (lines) => {
    for (const name of ['example.com/team/a', 'eXample.com:443/team/a']) {
      expect(await route(`[[registry]]\n${lines}\nblocked = true`, name)).toHaveProperty('blocked', expect.any(String))
    }
  },
)
