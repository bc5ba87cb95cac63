import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRegistriesConf } from '../../src/registries-conf/parse.ts'
import { readPlainAliases } from '../../src/registries-conf/plain-aliases.ts'

const SHIPPED = `[aliases]
  # almalinux
  "almalinux" = "docker.io/library/almalinux"
	"opensuse/leap" = "registry.opensuse.org/opensuse/leap" # the newest

# Fedora
  "fedora-minimal"="registry.fedoraproject.org/fedora-minimal"
`

const plain = (text: string) => readPlainAliases(Buffer.from(text), 'f')

/** By the reader for TOML: this one leaves what is not ASCII to that. */
async function byToml(text: string): Promise<unknown> {
  try {
    return (await parseRegistriesConf(Buffer.from(`${text}\n# é`), 'f')).aliases
  } catch (reason) {
    return reason instanceof Error ? reason.message : reason
  }
}

describe('a file with nothing but aliases', () => {
  it('is read as what it says', async () => {
    const aliases = plain(SHIPPED)
    expect([...(aliases ?? [])]).toStrictEqual([
      ['almalinux', { target: 'docker.io/library/almalinux', origin: { file: 'f', line: 3 } }],
      ['opensuse/leap', { target: 'registry.opensuse.org/opensuse/leap', origin: { file: 'f', line: 4 } }],
      ['fedora-minimal', { target: 'registry.fedoraproject.org/fedora-minimal', origin: { file: 'f', line: 7 } }],
    ])
    expect(aliases).toStrictEqual(await byToml(SHIPPED))
  })

  it('may have none', async () => {
    const text = '# nothing\n\n  # at all'
    expect(plain(text)).toStrictEqual(new Map())
    expect(await byToml(text)).toStrictEqual(new Map())
  })

  it('says nothing else', async () => {
    const { aliases, ...rest } = await parseRegistriesConf(Buffer.from(SHIPPED), 'f')
    const { aliases: same, ...others } = await parseRegistriesConf(Buffer.from(`${SHIPPED}# é`), 'f')
    expect(rest).toStrictEqual(others)
    expect(aliases).toStrictEqual(same)
  })

  it.each([
    ['another table', `${SHIPPED}[other]`],
    ['a key before it', `short-name-mode = "disabled"\n${SHIPPED}`],
    ['an alias without a table', '"a" = "b.c/d"'],
    ['an alias twice', '[aliases]\n"a" = "b.c/d"\n"a" = "b.c/e"'],
    ['the table twice', '[aliases]\n[aliases]'],
    ['a bare key', '[aliases]\na = "b.c/d"'],
    ['an escape', String.raw`[aliases]\n"a" = "b.c/\u0064"`],
    ['a repository that is to be spelt out', '[aliases]\n"a" = "docker.io/d"'],
    ['another name of a registry', '[aliases]\n"a" = "index.docker.io/library/d"'],
    ['a port', '[aliases]\n"a" = "b.c:5000/d"'],
    ['a host as name', '[aliases]\n"localhost/a" = "b.c/d"'],
    ['a host with a dot as name', '[aliases]\n"x.y/a" = "b.c/d"'],
    ['a tag', '[aliases]\n"a" = "b.c/d:1"'],
    ['no alias', '[aliases]\n"a" = ""'],
    ['a control character', '[aliases]\n# \u0001'],
    ['a carriage return', '[aliases]\r\n"a" = "b.c/d"'],
    ['two on a line', '[aliases]\n"a" = "b.c/d" "e" = "b.c/f"'],
  ])('is not one with %s', (_, text) => {
    expect(plain(text)).toBeUndefined()
  })

  it('is read as by the reader for TOML, or left to it, whatever stands in it', async () => {
    const part = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,6}$/)
    const name = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
    const host = fc.constantFrom('docker.io', 'quay.io', 'a-b.c', 'registry-1.docker.io', 'localhost', 'x')
    const alias = fc.tuple(name, host, name).map(([key, at, path]) => `"${key}" = "${at}/${path}"`)
    const line = fc.oneof(
      { weight: 8, arbitrary: alias },
      fc.constantFrom('', '# x', '[aliases]', '[a]', 'b = 1', ' "a" = "b.c/d" # e', '"a" = "b.c/d"'),
      fc.string({ maxLength: 10 }),
    )
    let isRead = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 6 }).map((lines) => ['[aliases]', ...lines].slice(lines.length % 2)),
        async (lines) => {
          const text = lines.join('\n')
          const found = plain(text)
          if (found === undefined) return
          isRead += 1
          expect(found).toStrictEqual(await byToml(text))
        },
      ),
      { numRuns: 400 },
    )
    expect(isRead).toBeGreaterThan(20)
  })
})
