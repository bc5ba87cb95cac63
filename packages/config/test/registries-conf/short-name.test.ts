import { readFileSync } from 'node:fs'
import { formatDockerReference, ImageError } from '@crossdock/core'
import { describe, expect, it, test } from 'vitest'
import { readShortNameCache, type RegistriesConf, resolveShortName, shortNameCacheFile } from '../../src/index.ts'
import { aliasNameProblem, aliasTarget, isShortName } from '../../src/registries-conf/short-name.ts'
import { hostFolder } from '../host/host-folder.ts'
import { confOf } from './conf.ts'

interface Row {
  readonly input: string
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/containers-image/${name}`, import.meta.url), 'utf8'))
const aliases = read('aliases_test.json') as Readonly<Record<string, readonly (Row & { readonly valid: boolean })[]>>
const names = read('shortnames_test.json') as {
  readonly TestIsShortName: readonly (Row & {
    readonly mustFail: boolean
    readonly parseUnnormalizedShortName: boolean
  })[]
  readonly TestResolve: readonly (Row & { readonly value: string })[]
  readonly TestResolveAndRecord: readonly { readonly name: string; readonly expected: readonly string[] }[]
  readonly TestResolveWithVaryingShortNameModes: readonly {
    readonly confPath: string
    readonly mode: string
    readonly mustFail: boolean
    readonly name: string
    readonly numAliases: number
  }[]
}

const CONF = `unqualified-search-registries = ["quay.io", "registry.com"]
[aliases]
docker = "docker.io/library/foo"
"quay/foo" = "quay.io/library/foo"
example = "example.com/library/foo"
"repo/image" = "quay.io/repo/image"
`

/** How many candidates are tried where nobody can be asked, as in the tables. */
function triedWithoutAsking(name: string, conf: RegistriesConf): number {
  try {
    const { candidates, choice } = resolveShortName(name, conf)
    return choice === 'required' ? 0 : candidates.length
  } catch (error) {
    if (error instanceof ImageError && error.code === 'NOT_FOUND') return 0
    throw error
  }
}

/** The tables fill in a tag. */
const withTag = (text: string): string => (/[:@][^/]*$/.test(text) ? text : `${text}:latest`)

describe('aliases', () => {
  it.each(aliases['TestParseShortNameValue'] ?? [])('may mean $input: $valid', ({ input, valid }) => {
    expect(aliasTarget(input) !== undefined).toBe(valid)
  })

  it.each(aliases['TestValidateShortName'] ?? [])('may be called $input: $valid', ({ input, valid }) => {
    expect(aliasNameProblem(input) === undefined).toBe(valid)
  })
})

describe('short names', () => {
  it.each(names.TestIsShortName)('$input', ({ input, mustFail, parseUnnormalizedShortName }) => {
    expect(isShortName(input)).toBe(parseUnnormalizedShortName && !mustFail)
  })

  it.each(names.TestResolve)('$input is $value', async ({ input, value }) => {
    const { candidates, choice } = resolveShortName(input, await confOf(CONF))
    expect(candidates.map(({ reference }) => withTag(formatDockerReference(reference)))).toEqual([value])
    expect(choice).toBe('none')
  })

  it.each(names.TestResolveAndRecord)('$name is one of $expected', async ({ name, expected }) => {
    const { candidates } = resolveShortName(name, await confOf(CONF))
    expect(candidates.map(({ reference }) => withTag(formatDockerReference(reference)))).toEqual(expected)
  })

  const SEARCH: Readonly<Record<string, string>> = {
    'testdata/no-reg.conf': '',
    'testdata/one-reg.conf': 'unqualified-search-registries = ["a.com"]\n',
    'testdata/two-reg.conf': 'unqualified-search-registries = ["a.com", "b.com"]\n',
  }
  // The reference can be called with a mode that no file can name; here it cannot.
  const modes = names.TestResolveWithVaryingShortNameModes.filter(({ mode }) => !mode.endsWith('Invalid'))

  it.each(modes)('$mode with $confPath: $name', async ({ confPath, mode, mustFail, name, numAliases }) => {
    const key = mode.replace('#types.ShortNameMode', '').toLowerCase()
    const conf = await confOf(
      `short-name-mode = "${key}"\n${SEARCH[confPath]}[aliases]\n"repo/image" = "quay.io/repo/image"\n`,
    )
    expect(triedWithoutAsking(name, conf)).toBe(mustFail ? 0 : numAliases)
  })

  it('are looked up in the cache first, and say which file decided', async () => {
    const { host } = await hostFolder({
      'home/me/.cache/containers/short-name-aliases.conf': '[aliases]\ndocker = "cached.com/x"\nexample = ""\n',
    })
    const cache = await readShortNameCache(host)
    const conf = await confOf(CONF)
    expect(resolveShortName('docker:1', conf, cache)).toEqual({
      candidates: [
        {
          reference: { domain: 'cached.com', path: 'x', tag: '1' },
          origin: 'alias',
          file: shortNameCacheFile(host),
        },
      ],
      choice: 'none',
    })
    // An alias that was taken back leads on to searching.
    expect(resolveShortName('example', conf, cache)).toMatchObject({
      candidates: [
        { origin: 'search', file: '/etc/1.conf' },
        { origin: 'search', file: '/etc/1.conf' },
      ],
      choice: 'possible',
      record: 'example',
    })
    expect(resolveShortName('localhost/x', conf, cache).candidates).toEqual([
      { reference: { domain: 'localhost', path: 'x' }, origin: 'as written' },
    ])
  })

  it('that nobody knows are not found', async () => {
    const conf = await confOf('')
    expect(() => resolveShortName('x', conf)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
    expect(() => resolveShortName('X', conf)).toThrow(expect.objectContaining({ code: 'INVALID_REFERENCE' }))
  })
})

test('the cache is where other tools keep it', async () => {
  const { host, root } = await hostFolder()
  expect(shortNameCacheFile({ ...host, uid: 0 })).toBe(`${root}/var/cache/containers/short-name-aliases.conf`)
  expect(shortNameCacheFile({ ...host, env: { XDG_CACHE_HOME: '/c' } })).toBe('/c/containers/short-name-aliases.conf')
  expect(shortNameCacheFile({ ...host, home: undefined })).toBeUndefined()
  expect(await readShortNameCache(host)).toEqual(new Map())
})
