import { digestOf } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  aciOfImage,
  type AciManifest,
  type AciOfImage,
  formatAciManifest,
  type ImageOfAci,
  imageOfAci,
  OCI_LAYER_TAR,
  parseAciManifest,
  parseImageConfig,
  parseManifest,
} from '../../src/index.ts'

const LAYER = digestOf(new Uint8Array(1))
const ID = digestOf(new Uint8Array(2), 'sha512')

function aci(members: object): AciManifest {
  return parseAciManifest(
    Buffer.from(JSON.stringify({ acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/app', ...members })),
  )
}

const LINUX = [
  { name: 'os', value: 'linux' },
  { name: 'arch', value: 'aarch64' },
]

function ownerOf(path: string): { readonly uid: number; readonly gid: number } | undefined {
  return path === '/bin/owned' ? { uid: 7, gid: 8 } : undefined
}

function toImage(manifest: AciManifest): ImageOfAci {
  const descriptor = { mediaType: OCI_LAYER_TAR, digest: LAYER, size: 1 }
  const layers = [{ descriptor, diffId: LAYER, name: manifest.name, id: ID }]
  return imageOfAci(manifest, { id: ID, layers, ownerOf, platform: { os: 'linux', architecture: 's390x' } })
}

function fromImage(bytes: Uint8Array, options: object = {}): AciOfImage {
  return aciOfImage({ config: bytes, annotations: {}, defaultName: 'file', ...options })
}

function annotationsOf({ manifest }: ImageOfAci): Readonly<Record<string, string>> {
  const parsed = parseManifest(manifest)
  return parsed.kind === 'image' ? parsed.annotations : {}
}

function config(run: object, members: object = {}): Uint8Array {
  const rootfs = { type: 'layers', diff_ids: [LAYER] }
  return Buffer.from(JSON.stringify({ os: 'linux', architecture: 'arm64', ...members, config: run, rootfs }))
}

describe('an App Container Image as an OCI image', () => {
  const app = {
    exec: ['/bin/app', '-v'],
    user: '100',
    group: '300',
    workingDirectory: '/srv',
    environment: [
      { name: 'B', value: '1' },
      { name: 'A', value: '' },
    ],
    mountPoints: [{ name: 'data', path: '/data' }, { name: 'none' }],
    ports: [
      { name: 'http', protocol: 'tcp', port: 80 },
      { name: 'many', protocol: 'udp', port: 90, count: 2 },
    ],
    userLabels: { k: 'v' },
  }

  it('has what OCI has a place for', () => {
    const annotations = [
      { name: 'created', value: '2014-10-27T19:32:27Z' },
      { name: 'authors', value: 'C <c@example.com>' },
      { name: 'homepage', value: 'https://example.com' },
    ]
    const labels = [...LINUX, { name: 'version', value: '1.0' }]
    const image = toImage(aci({ app, labels, annotations }))
    expect(JSON.parse(Buffer.from(image.config).toString())).toStrictEqual({
      created: '2014-10-27T19:32:27Z',
      author: 'C <c@example.com>',
      architecture: 'arm64',
      os: 'linux',
      config: {
        User: '100:300',
        ExposedPorts: { '80/tcp': {}, '90/udp': {}, '91/udp': {} },
        Env: ['B=1', 'A='],
        Entrypoint: ['/bin/app', '-v'],
        Volumes: { '/data': {} },
        WorkingDir: '/srv',
        Labels: { k: 'v' },
      },
      rootfs: { type: 'layers', diff_ids: [LAYER] },
      history: [{ created: '2014-10-27T19:32:27Z', created_by: `aci example.com/app ${ID.replace(':', '-')}` }],
    })
    expect(annotationsOf(image)).toMatchObject({
      'io.appc.image.id': ID.replace(':', '-'),
      'org.opencontainers.image.title': 'example.com/app',
      'org.opencontainers.image.version': '1.0',
      'org.opencontainers.image.url': 'https://example.com',
      'org.opencontainers.image.authors': 'C <c@example.com>',
    })
    expect(image.notes).toStrictEqual([])
    expect(toImage(aci({ app, labels, annotations })).manifest.digest).toBe(image.manifest.digest)
  })

  it('runs as the owner of a file if it is told so', () => {
    const owned = { ...app, user: '/bin/owned', group: '/bin/owned' }
    expect(parseImageConfig(toImage(aci({ app: owned, labels: LINUX })).config).config.User).toBe('7:8')
    expect(() => toImage(aci({ app: { ...app, user: '/none' }, labels: LINUX }))).toThrow(
      '"/none", which is not in the image',
    )
  })

  it('says what it assumes and what is lost', () => {
    const isolators = [{ name: 'os/linux/no-new-privileges', value: true }]
    const image = toImage(aci({ app: { ...app, isolators, supplementaryGIDs: [1] } }))
    expect(image.notes).toStrictEqual([
      'the archive does not say what it runs on: linux/s390x is taken',
      'an OCI image has no place for isolators, supplementary groups: they stay in its annotation io.appc.image.manifest alone',
    ])
  })

  it.each(['aarch64_be', 'armv7b'])('is refused for %s', (arch) => {
    const labels = [
      { name: 'os', value: 'linux' },
      { name: 'arch', value: arch },
    ]
    expect(() => toImage(aci({ labels }))).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
  })

  it('leaves out a range of ports that is too long, and says so', () => {
    const ports = [{ name: 'all', protocol: 'tcp', port: 1, count: 65_535 }]
    expect(toImage(aci({ app: { ...app, ports }, labels: LINUX })).notes).toStrictEqual([
      expect.stringContaining('ports'),
    ])
  })
})

describe('and back', () => {
  const isolators = [{ name: 'resource/cpu', value: { limit: '20m' } }]
  const app = {
    exec: ['/a'],
    user: '1',
    group: '/bin/owned',
    isolators,
    eventHandlers: [{ name: 'pre-start', exec: ['/b'] }],
  }
  const manifest = aci({ app, labels: [...LINUX, { name: 'env', value: 'canary' }] })

  it('is the same manifest', () => {
    const image = toImage(manifest)
    const back = fromImage(image.config, { annotations: annotationsOf(image) })
    expect(back).toStrictEqual({ manifest, notes: [] })
  })

  it('has another name and version if it is given them', () => {
    const image = toImage(manifest)
    const back = fromImage(image.config, { annotations: annotationsOf(image), name: 'other', version: '2' })
    expect(back.manifest.name).toBe('other')
    expect(back.manifest.labels).toStrictEqual([{ name: 'version', value: '2' }, ...manifest.labels])
  })

  it('is made anew if the image was changed meanwhile', () => {
    const image = toImage(manifest)
    const changed = config({ Entrypoint: ['/other'] })
    const back = fromImage(changed, { annotations: annotationsOf(image) })
    expect(back.manifest).toMatchObject({ name: 'file', app: { exec: ['/other'], isolators: [] } })
  })

  it('does not believe an annotation that is no manifest', () => {
    const back = fromImage(config({}), { annotations: { 'io.appc.image.manifest': '{"acKind":' } })
    expect(back.manifest.name).toBe('file')
  })
})

describe('an OCI image as an App Container Image', () => {
  it('says what it cannot take along', () => {
    const run = {
      Env: ['A b=1', 'OK=1', 'X'],
      ExposedPorts: { '0/tcp': {}, '80': {} },
      StopSignal: 'SIGINT',
      Healthcheck: {},
    }
    const { manifest, notes } = fromImage(config(run))
    expect(manifest.app?.environment).toStrictEqual([{ name: 'OK', value: '1' }])
    expect(manifest.app?.ports).toStrictEqual([
      { name: '80', protocol: 'tcp', port: 80, count: 1, socketActivated: false },
    ])
    expect(notes).toStrictEqual([
      'variables whose names appc does not take are left out: A b, X',
      'ports that are none are left out: 0/tcp',
      'App Container Images have no place for StopSignal, Healthcheck: they are lost',
    ])
  })

  it('names volumes apart', () => {
    const { manifest } = fromImage(config({ Volumes: { '/a/b': {}, '/a-b': {} } }))
    expect(manifest.app?.mountPoints.map(({ name, path }) => [name, path])).toStrictEqual([
      ['volume-a-b', '/a-b'],
      ['volume-a-b-1', '/a/b'],
    ])
  })

  it('is refused for a platform without a name', () => {
    const refused = expect.objectContaining({ code: 'UNSUPPORTED' })
    expect(() => fromImage(config({}, { architecture: 'riscv64' }))).toThrow(refused)
    expect(() => fromImage(config({}, { os: 'windows', architecture: 'amd64' }))).toThrow(refused)
    expect(() => fromImage(config({}, { architecture: '' }))).toThrow('does not say what it runs on')
  })

  it('keeps what both have, there and back', () => {
    const word = fc.stringMatching(/^[a-zA-Z/_:. -]{1,8}$/)
    const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,5}$/)
    const words = fc.array(word, { maxLength: 3 })
    const run = fc.record({
      Env: fc
        .uniqueArray(fc.tuple(name, word), { selector: ([key]) => key })
        .map((all) => all.map((pair) => pair.join('='))),
      Entrypoint: words,
      Cmd: words,
      User: fc.constantFrom('', '0', 'app', 'app:app', '1:2', '7:', 'app:'),
      WorkingDir: fc.constantFrom('', '/', '/srv'),
      ExposedPorts: fc
        .uniqueArray(fc.integer({ min: 1, max: 65_535 }))
        .map((all) => setOf(all.map((port) => `${port}/udp`))),
      Volumes: fc.uniqueArray(fc.constantFrom('/a', '/b', '/a/b', '/a-b')).map(setOf),
      Labels: fc.dictionary(word, word),
    })
    fc.assert(
      fc.property(run, (before) => {
        const { manifest } = fromImage(config(before, { created: '1970-01-01T00:00:00Z', author: 'me' }))
        expect(parseAciManifest(formatAciManifest(manifest))).toStrictEqual(manifest)
        const { config: after, created, author } = parseImageConfig(toImage(manifest).config)
        const { Entrypoint = [], Cmd = [], User = '', WorkingDir = '' } = after
        expect({ Entrypoint, Cmd, User, WorkingDir, created, author }).toStrictEqual({
          Entrypoint: before.Entrypoint,
          Cmd: before.Cmd,
          User: before.User,
          WorkingDir: before.WorkingDir,
          created: '1970-01-01T00:00:00Z',
          author: 'me',
        })
        expect(after.Env).toStrictEqual(before.Env)
        expect(after.ExposedPorts).toStrictEqual(Object.keys(before.ExposedPorts))
        expect(after.Volumes).toStrictEqual(Object.keys(before.Volumes).toSorted())
        expect(Object.entries(after.Labels)).toStrictEqual(Object.entries(before.Labels))
      }),
    )
  })
})

function setOf(names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, {}]))
}
