import { describe, expect, it } from 'vitest'
import { explain, explainedSubject, loadHostConfig } from '../../src/index.ts'
import { hostFolder } from '../host/host-folder.ts'

describe('explainedSubject', () => {
  it.each([
    ['quay.io', 'host', 'quay.io'],
    ['docker.io', 'host', 'docker.io'],
    ['index.docker.io', 'host', 'docker.io'],
    ['localhost', 'host', 'localhost'],
    ['localhost:5000', 'host', 'localhost:5000'],
    ['registry.example.com:5000', 'host', 'registry.example.com:5000'],
    ['docker://quay.io', 'host', 'quay.io'],
    ['registry:5000/', 'host', 'registry:5000'],
    ['alpine', 'image', 'docker.io/library/alpine:latest'],
    ['alpine:3.20', 'image', 'docker.io/library/alpine:3.20'],
    ['docker://alpine', 'image', 'docker.io/library/alpine:latest'],
    ['quay.io/a/b', 'image', 'quay.io/a/b:latest'],
  ])('%s is a %s', (text, kind, name) => {
    const subject = explainedSubject(text)
    const { domain, path, tag } = subject.reference
    expect([subject.kind, tag === undefined ? domain : `${domain}/${path}:${tag}`]).toEqual([kind, name])
  })

  it.each(['', '/', 'a b', 'https://a.com/b', 'A'])('%j is neither', (text) => {
    expect(() => explainedSubject(text)).toThrow(expect.objectContaining({ code: 'INVALID_REFERENCE' }))
  })
})

const FILES = {
  'etc/containers/registries.conf':
    'unqualified-search-registries = ["a.com"]\nzz = 1\n[[registry]]\nlocation = "a.com"\n[[registry.mirror]]\nlocation = "m.net:5000/x"\ninsecure = true\n[[registry]]\nlocation = "a.com/secret"\nblocked = true\n',
  'etc/containers/registries.d/a.yaml': 'docker:\n  a.com:\n    lookaside: https://l\n',
  'etc/containers/certs.d/m.net:5000/ca.crt': '-----BEGIN CERTIFICATE-----',
  'etc/containers/policy.json': '{}',
  'home/me/.docker/config.json': JSON.stringify({
    auths: { 'm.net:5000': { auth: Buffer.from('me:hunter2').toString('base64') } },
    credsStore: 'osxkeychain',
  }),
}

const explained = async (files: Readonly<Record<string, string>>, name: string) => {
  const { host, path } = await hostFolder(files)
  return { path, found: await explain(loadHostConfig({ host }), explainedSubject(name)) }
}

describe('explain', () => {
  it('says of an image where it is read, and which files decide', async () => {
    const { path, found } = await explained(FILES, 'a.com/b')
    expect(found.registries).toMatchObject({
      entry: { prefix: 'a.com', origin: { file: path('etc/containers/registries.conf'), line: 3 } },
      sources: [
        { reference: 'm.net:5000/x/b:latest', insecure: true, isMirror: true },
        { reference: 'a.com/b:latest', insecure: false, isMirror: false },
      ],
      notes: [expect.stringContaining('"zz" has no meaning')],
    })
    expect(found.hosts.map(({ host, certificates }) => [host, certificates.folder, certificates.authorities])).toEqual([
      ['a.com', undefined, 0],
      ['m.net:5000', path('etc/containers/certs.d/m.net:5000'), 1],
    ])
    expect(found.hosts[1]?.credentials.places).toContainEqual(
      expect.objectContaining({ file: path('home/me/.docker/config.json'), key: 'm.net:5000' }),
    )
    expect(found.signatures.lookaside).toMatchObject({ value: 'https://l', line: 2 })
    expect(found.policy.file).toEqual({ path: path('etc/containers/policy.json'), from: 'search' })
    expect(JSON.stringify(found)).not.toMatch(/hunter2|bWU6aHVudGVyMg/)
  })

  it('says of a host what counts for it, and for parts of it', async () => {
    const { found } = await explained(FILES, 'a.com')
    expect(found.registries.entry?.prefix).toBe('a.com')
    expect(found.registries.below?.map(({ prefix, blocked }) => [prefix, blocked])).toEqual([['a.com/secret', true]])
    expect(found.hosts.map(({ host }) => host)).toEqual(['a.com', 'm.net:5000'])
  })

  it('says that an image is blocked, and what a short name would be', async () => {
    expect((await explained(FILES, 'a.com/secret/x')).found.registries.blocked).toContain('a.com/secret is blocked by')
    expect((await explained(FILES, 'x')).found.registries.shortName).toMatchObject({
      mode: 'permissive',
      candidates: [{ reference: 'a.com/x', origin: 'search' }],
    })
    expect((await explained({}, 'x')).found.registries.shortName?.problem).toContain('has no alias')
  })

  it('has what is wrong in place of what it would say', async () => {
    const { found } = await explained(
      {
        'etc/containers/registries.conf': '[',
        'etc/containers/registries.d/a.yaml': '}',
        'etc/containers/certs.d/a.com/me.cert': '-----BEGIN ',
      },
      'a.com/b',
    )
    expect(found.registries.problem).toContain('registries.conf:1:')
    expect(found.signatures.problem).toContain('a.yaml:1:1')
    expect(found.hosts[0]?.certificates.problem).toContain('not its .key')
    // It could name helpers that are asked first.
    expect(found.hosts[0]?.credentials.problem).toContain('registries.conf:1:')
    expect(found.policy.file).toBeUndefined()
  })

  it('tells a file with credentials that is wrong, and nothing of what is in it', async () => {
    const { found } = await explained({ 'home/me/.docker/config.json': '{"auth":"hunter2"' }, 'a.com/b')
    const [host] = found.hosts
    expect(host?.credentials.files).toContainEqual(
      expect.objectContaining({ state: 'wrong', problem: expect.stringContaining('config.json:1:') as string }),
    )
    expect(JSON.stringify(found)).not.toContain('hunter2')
  })
})
