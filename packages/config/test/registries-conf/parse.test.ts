import { describe, expect, it } from 'vitest'
import { confOf } from './conf.ts'

describe('a registries.conf', () => {
  it.each<[string, string, string]>([
    ['a conflict of insecure', registry('a', 'x') + registry('b', 'x', 'insecure = true'), ':7:1: x has another "ins'],
    [
      'a conflict of blocked',
      registry('a', 'x') + registry('b', 'x', 'blocked = true'),
      'x has another "blocked" in line 1',
    ],
    [
      'a mirror without location',
      `${registry('a', 'x')}[[registry.mirror]]\ninsecure = true\n`,
      ':4:1: a mirror needs',
    ],
    ['a registry without location', '[[registry]]\ninsecure = true\n', ':1:1: a registry needs a "location"'],
    ['a prefix without location', '[[registry]]\nprefix = "a.com"\n', ':1:1: a registry needs a "location", unless'],
    ['a location with a scheme', registry('a', 'https://x'), ':3:1: "location" is HOST[:PORT][/PATH]'],
    ['a prefix with a scheme', registry('http://a', 'x'), ':2:1: "prefix" is HOST[:PORT][/PATH]'],
    ['a mirror with a scheme', `${registry('a', 'x')}[[registry.mirror]]\nlocation = "http://m"\n`, ':5:1: "location"'],
    ['a wildcard with a path', registry('*.a.com/b', 'x'), ':2:1: "*.a.com/b" has more than a domain'],
    ['a wildcard with a port', registry('*.a.com:5000', 'x'), 'has more than a domain'],
    ['a flag that is text', registry('a', 'x', 'blocked = "true"'), ':4:1: "blocked" must be true or false'],
    ['a flag in upper case', registry('a', 'x', 'Blocked = true'), ':4:1: write "blocked" in lower case'],
    [
      'a list that is text',
      'unqualified-search-registries = "a.com"',
      ':1:1: "unqualified-search-registries" must be a list',
    ],
    ['a list of other things', 'credential-helpers = ["a", 1]', ':1:1: "credential-helpers" must be a list of texts'],
    ['a search registry with a path', '\nunqualified-search-registries = ["a.com/b"]', ':2:1: "a.com/b" is not HOST'],
    [
      'a search registry with a scheme',
      'unqualified-search-registries = ["https://a.com"]',
      'is not HOST or HOST:PORT',
    ],
    ['an empty search registry', 'unqualified-search-registries = [""]', 'is not HOST or HOST:PORT'],
    ['a mode that nobody knows', 'short-name-mode = "invalid"', ':1:1: "short-name-mode" is one of enforcing'],
    [
      'pull-from-mirror at a registry',
      registry('a', 'x', 'pull-from-mirror = "all"'),
      ':4:1: "pull-from-mirror" belongs',
    ],
    [
      'pull-from-mirror twice over',
      `${registry('a', 'x', 'mirror-by-digest-only = true')}[[registry.mirror]]\nlocation = "m"\npull-from-mirror = "all"\n`,
      ':7:1: the registry has "mirror-by-digest-only"',
    ],
    [
      'pull-from-mirror of another kind',
      `${registry('a', 'x')}[[registry.mirror]]\nlocation = "m"\npull-from-mirror = "notvalid"\n`,
      ':6:1: "pull-from-mirror" is one of all, digest-only, tag-only',
    ],
    ['version 1', '[registries.search]\nregistries = ["a.com"]\n', 'write unqualified-search-registries = […]'],
    [
      'version 1 with nothing in it',
      '[registries.search]\nregistries = []\n',
      ':1:1: [registries.search] is version 1',
    ],
    ['insecure in version 1', '[registries.insecure]\nregistries = ["a.com"]\n', 'location and insecure = true'],
    ['block in version 1', '[registries.block]\nregistries = ["a.com"]\n', 'location and blocked = true'],
    ['both versions', 'unqualified-search-registries = []\n[registries.block]\nregistries = ["a.com"]\n', ':2:1: [reg'],
    ['a registry that is no list', '[registry]\nlocation = "a"\n', ':1:1: "registry" must be a list of tables'],
    ['registries that are text', 'registry = ["a"]\n', ':1:1: it must be a table'],
    ['an alias with a tag', '[aliases]\n"a:1" = "b.com/c"\n', ':2:1: "a:1": an alias is for a name without tag'],
    [
      'an alias to a tag',
      '[aliases]\na = "quay.io/repo/image:1"\n',
      ':2:1: "quay.io/repo/image:1" is not a repository',
    ],
    ['an alias to a short name', '[aliases]\na = "image"\n', ':2:1: "image" is not a repository with its registry'],
    ['an alias twice', '[aliases]\na = "b.com/c"\na = "b.com/d"\n', ':3:'],
    ['what is no TOML', '[[registry]\n', ':1:'],
  ])('with %s is refused', async (_, text, reason) => {
    const failure = confOf(text)
    await expect(failure).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await expect(failure).rejects.toThrow(`/etc/1.conf${reason.startsWith(':') ? reason : ''}`)
    await expect(failure).rejects.toThrow(reason)
  })

  it('may have unknown keys, which are noted', async () => {
    const { notes, registries } = await confOf(
      `zz = 1\n${registry('a', 'x', 'proxy = "http://user:secret@p"')}[registries]\nx = 1\n`,
    )
    expect(registries).toHaveLength(1)
    expect(notes).toEqual([
      '/etc/1.conf:1:1: "zz" has no meaning here and is not heeded',
      '/etc/1.conf:6:1: "registries" has no meaning here and is not heeded',
      '/etc/1.conf:5:1: "proxy" has no meaning here and is not heeded',
    ])
    expect(notes.join()).not.toContain('secret')
  })

  it('takes the first of two entries with one prefix, and notes the other', async () => {
    const { registries, notes } = await confOf(registry('a', 'x') + registry('a', 'y'))
    expect(registries.map(({ location }) => location)).toEqual(['x'])
    expect(notes).toEqual(['/etc/1.conf:4:1: a was there before, in line 1: this one is not heeded'])
  })

  it('does without slashes at the end, and knows where everything stands', async () => {
    const { registries } = await confOf(
      `\n${registry('a/b//', 'x/', 'insecure = true')}[[registry]]\nprefix = "*.c.com"\n`,
    )
    expect(registries).toEqual([
      {
        prefix: '*.c.com',
        location: undefined,
        insecure: false,
        blocked: false,
        mirrors: [],
        origin: { file: '/etc/1.conf', line: 6 },
      },
      {
        prefix: 'a/b',
        location: 'x',
        insecure: true,
        blocked: false,
        mirrors: [],
        origin: { file: '/etc/1.conf', line: 2 },
      },
    ])
  })
})

describe('several files', () => {
  it('say together what each says last', async () => {
    const conf = await confOf(
      `unqualified-search-registries = ["a.com"]\nshort-name-mode = "enforcing"\n${registry('p', 'first')}${registry('q', 'only')}`,
      `unqualified-search-registries = ["b.com", "c.com:5000"]\ncredential-helpers = ["one", "containers-auth.json"]\n${registry('p', 'second', 'blocked = true')}`,
      'additional-layer-store-auth-helper = "h"\nshort-name-mode = ""\n',
    )
    expect(conf.unqualifiedSearchRegistries).toEqual({ value: ['b.com', 'c.com:5000'], file: '/etc/2.conf' })
    expect(conf.credentialHelpers).toEqual({ value: ['one', 'containers-auth.json'], file: '/etc/2.conf' })
    expect(conf.shortNameMode).toEqual({ value: 'enforcing', file: '/etc/1.conf' })
    expect(conf.additionalLayerStoreAuthHelper).toEqual({ value: 'h', file: '/etc/3.conf' })
    expect(conf.registries.map(({ prefix, location, blocked }) => [prefix, location, blocked])).toEqual([
      ['p', 'second', true],
      ['q', 'only', false],
    ])
  })

  it('have defaults, and an empty list of helpers stands for the files', async () => {
    expect(await confOf()).toMatchObject({
      registries: [],
      unqualifiedSearchRegistries: { value: [], file: undefined },
      credentialHelpers: { value: ['containers-auth.json'], file: undefined },
      shortNameMode: { value: 'permissive', file: undefined },
    })
    const emptied = await confOf(
      'credential-helpers = ["a"]\nunqualified-search-registries = ["a.com"]',
      'credential-helpers = []\nunqualified-search-registries = []',
    )
    expect(emptied.credentialHelpers.value).toEqual(['containers-auth.json'])
    expect(emptied.unqualifiedSearchRegistries).toEqual({ value: [], file: '/etc/2.conf' })
  })

  it('change and take back aliases', async () => {
    const { aliases } = await confOf(
      '[aliases]\na = "x.com/a"\nb = "docker.io/b"\n"q/c" = "x.com/c"\n',
      '[aliases]\na = "y.com/a"\n"q/c" = ""\n',
    )
    expect([...aliases].map(([name, { target, origin }]) => [name, target, origin.file, origin.line])).toEqual([
      ['a', 'y.com/a', '/etc/2.conf', 2],
      ['b', 'docker.io/library/b', '/etc/1.conf', 3],
      ['q/c', undefined, '/etc/2.conf', 3],
    ])
  })
})

function registry(prefix: string, location: string, more = ''): string {
  return `[[registry]]\nprefix = "${prefix}"\nlocation = "${location}"\n${more === '' ? '' : `${more}\n`}`
}
