import { readFileSync } from 'node:fs'
import { parseDockerReference } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { loadRegistriesD, signatureConfig } from '../../src/index.ts'
import type { HostEnvironment } from '../../src/index.ts'
import { hostFolder } from '../host/host-folder.ts'

type Row = { readonly input: string; readonly expected: string }
interface NamespaceRow {
  readonly forWriting: boolean
  readonly ns: Readonly<Record<string, string>>
  readonly expected: string
}

const tables = JSON.parse(
  readFileSync(new URL('../fixtures/containers-image/registries_d_test.json', import.meta.url), 'utf8'),
) as {
  readonly TestRegistryConfigurationSignatureTopLevel: readonly (string | Row)[]
  readonly TestRegistryNamespaceSignatureTopLevel: readonly NamespaceRow[]
}

const FOLDER = 'etc/containers/registries.d'

async function configOf(files: Readonly<Record<string, string>>, name: string, over: Partial<HostEnvironment> = {}) {
  const { host } = await hostFolder(
    Object.fromEntries(Object.entries(files).map(([file, text]) => [`${FOLDER}/${file}`, text])),
    over,
  )
  return signatureConfig(await loadRegistriesD(host), parseDockerReference(name), host)
}

const url = (name: string): string => `https://x/${encodeURIComponent(name)}`

const namespace = (name: string): string => `lookaside: ${url(name)}\n  lookaside-staging: ${url(`${name}+w`)}\n`

describe('the table of namespaces', () => {
  const scopes = tables.TestRegistryConfigurationSignatureTopLevel.filter((row) => typeof row === 'string')
  const rows = tables.TestRegistryConfigurationSignatureTopLevel.filter((row) => typeof row === 'object')
  const docker = scopes.map((scope) => `  "${scope}":\n    ${namespace(scope).replace('\n  ', '\n    ')}`).join('')
  const text = `default-docker:\n  ${namespace('=default')}docker:\n${docker}`

  it.each(rows)('$input is looked up at $expected', async ({ input, expected }) => {
    const { lookaside, lookasideStaging } = await configOf({ 'a.yaml': text }, input)
    expect(lookaside.value).toBe(url(expected))
    expect(lookasideStaging.value).toBe(url(`${expected}+w`))
    expect(lookaside.namespace).toBe(expected === '=default' ? 'default-docker' : expected)
  })

  it.each(tables.TestRegistryNamespaceSignatureTopLevel)('%j', async ({ ns, forWriting, expected }) => {
    const keys: Readonly<Record<string, string>> = {
      Lookaside: 'lookaside',
      LookasideStaging: 'lookaside-staging',
      SigStore: 'sigstore',
      SigStoreStaging: 'sigstore-staging',
    }
    const lines = Object.entries(ns).map(([key, value]) => `  ${keys[key]}: https://${value}\n`)
    const found = await configOf({ 'a.yaml': `default-docker:\n${lines.join('') || '  {}\n'}` }, 'a.com/b:1')
    const setting = forWriting ? found.lookasideStaging : found.lookaside
    expect(setting.file === undefined ? '' : setting.value).toBe(expected === '' ? '' : `https://${expected}`)
  })
})

describe('signatureConfig', () => {
  it('takes each setting from the first namespace that has it, and says from where', async () => {
    const found = await configOf(
      {
        '1.yaml': 'docker:\n  a.com/b/c:\n    use-sigstore-attachments: true\n  a.com:\n    lookaside: https://l\n',
        '2.yaml':
          'docker:\n  a.com/b:\n    lookaside-staging: file:///s\ndefault-docker:\n  use-sigstore-attachments: false\n',
      },
      'a.com/b/c:1',
    )
    const file = expect.stringMatching(/1\.yaml$/) as string
    expect(found).toEqual({
      lookaside: { value: 'https://l', namespace: 'a.com', file, line: 4 },
      lookasideStaging: {
        value: 'file:///s',
        namespace: 'a.com/b',
        file: expect.stringMatching(/2\.yaml$/) as string,
        line: 2,
      },
      useSigstoreAttachments: { value: true, namespace: 'a.com/b/c', file, line: 2 },
    })
  })

  it.each(['yes', 'On', 'TRUE', '"y"', 'true'])('reads %s as true, as YAML 1.1 does', async (word) => {
    const found = await configOf({ 'a.yaml': `default-docker:\n  use-sigstore-attachments: ${word}\n` }, 'a.com/b')
    expect(found.useSigstoreAttachments.value).toBe(true)
  })

  it.each<[string, Partial<HostEnvironment>, string]>([
    ['the administrator', { uid: 0, root: undefined }, 'file:///var/lib/containers/sigstore'],
    ['a user', { home: '/home/a b%/é' }, 'file:///home/a%20b%25/%C3%A9/.local/share/containers/sigstore'],
    [
      'a user of Windows',
      { platform: 'win32', home: 'C:\\Users\\me', uid: undefined },
      'file:///C:/Users/me/.local/share/containers/sigstore',
    ],
  ])('has a folder by default for %s', async (_, over, expected) => {
    const { host } = await hostFolder({}, over)
    const found = signatureConfig(
      { docker: new Map(), defaultDocker: undefined },
      parseDockerReference('a.com/b'),
      host,
    )
    expect(found.lookaside).toEqual({ value: expected })
    expect(found.useSigstoreAttachments).toEqual({ value: false })
  })

  it.each([
    ['/no/scheme/just/a/path', 'must be a URL that begins with'],
    ['no/scheme/relative/path', 'must be a URL that begins with'],
    ['":emptyscheme"', 'must be a URL that begins with'],
    ['ftp://a/b', 'must be a URL that begins with'],
    ['https://me:hunter2@a.com/', 'must not have credentials in it'],
    ['file://host/path', 'write file:///PATH'],
  ])('refuses %s where it would be used, and nowhere else', async (text, reason) => {
    const files = { 'a.yaml': `docker:\n  a.com:\n    lookaside: ${text}\n  b.com:\n    lookaside: https://l\n` }
    expect((await configOf(files, 'b.com/c')).lookaside.value).toBe('https://l')
    const failure = configOf(files, 'a.com/c')
    await expect(failure).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await expect(failure).rejects.toThrow(/a\.yaml:3:5: "lookaside" /)
    await expect(failure).rejects.toThrow(reason)
    await expect(failure).rejects.not.toThrow('hunter2')
  })
})

describe('loadRegistriesD', () => {
  it.each<[Readonly<Record<string, string>>, RegExp]>([
    [
      { 'a.yaml': 'docker:\n  a.com: {}\n', 'b.yaml': '\ndocker:\n  a.com: {}\n' },
      /b\.yaml:3: the namespace "a\.com" is in .*a\.yaml:2/,
    ],
    [
      { 'a.yaml': 'default-docker: {}\n', 'b.yaml': 'default-docker: {}\n' },
      /b\.yaml:1: "default-docker" is in .*a\.yaml:1/,
    ],
    [{ 'a.yaml': 'docker:\n  a.com: {}\n  a.com: {}\n' }, /a\.yaml:3:3: this key was there before/],
    [{ 'a.yaml': 'docker: []\n' }, /a\.yaml:1:1: "docker" must be a table/],
    [{ 'a.yaml': 'docker:\n  a.com: https://l\n' }, /a\.yaml:2:3: "a\.com" must be a table/],
    [{ 'a.yaml': 'docker:\n  a.com:\n    lookaside: [x]\n' }, /a\.yaml:3:5: "lookaside" must be text/],
    [{ 'a.yaml': 'docker:\n  a.com:\n    use-sigstore-attachments: maybe\n' }, /must be true or false/],
    [{ 'a.yaml': '- a\n' }, /a\.yaml:1:1: it must be a table/],
    [{ 'a.yaml': '}' }, /a\.yaml:1:1: it is not YAML/],
  ])('refuses %j', async (files, reason) => {
    const failure = configOf(files, 'a.com/b')
    await expect(failure).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await expect(failure).rejects.toThrow(reason)
  })

  it('takes files with nothing in them, and notes what has no meaning', async () => {
    const { host } = await hostFolder({
      [`${FOLDER}/a.yaml`]: '',
      [`${FOLDER}/b.yaml`]: '{}\n',
      [`${FOLDER}/c.yaml`]: '# nothing\ndocker:\ndefault-docker:\nzz: 1\n',
      [`${FOLDER}/d.yaml`]: 'docker:\n  a.com:\n  b.com:\n    lookasid: x\n    lookaside: ""\n',
      [`${FOLDER}/e.yml`]: '}',
    })
    const { docker, notes, defaultDocker } = await loadRegistriesD(host)
    expect([[...docker.keys()], defaultDocker]).toEqual([['b.com'], undefined])
    expect(notes).toEqual([
      expect.stringMatching(/c\.yaml:4:1: "zz" has no meaning/),
      expect.stringMatching(/d\.yaml:4:5: "lookasid" has no meaning/),
    ])
  })

  it('reads the one folder that is given', async () => {
    const { host, path } = await hostFolder({ [`${FOLDER}/a.yaml`]: '}', 'given/b.yaml': 'docker: {a.com: {}}' })
    expect((await loadRegistriesD(host, { folder: path('given') })).docker.size).toBe(1)
    expect((await loadRegistriesD(host, { folder: path('gone') })).docker.size).toBe(0)
    await expect(loadRegistriesD(host, { folder: path('given/b.yaml') })).rejects.toMatchObject({ code: 'IO' })
  })
})

it('a host has one name, however it is written', async () => {
  const files = { 'a.yaml': 'docker:\n  Example.COM/team:\n    lookaside: https://x/y\n' }
  expect((await configOf(files, 'EXAMPLE.com/team/a')).lookaside.value).toBe('https://x/y')
})
