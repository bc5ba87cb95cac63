import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { testBlob } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { dockerArchiveTransport } from '../../src/index.ts'
import { fileOf, manifestJson, type RawMember, savedArchive, type SavedImage, savedImage, tarOf } from '../archives.ts'
import { bytesOf, collect, readImage } from '../read-image.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const transport = dockerArchiveTransport()
const saved = savedImage()
const [base, top] = [saved.layers[0]!, saved.layers[1]!]
const list = manifestJson(saved)

/** The archive with other members in the place of one, or besides. */
function archive(change: { instead?: RawMember; by?: readonly RawMember[]; besides?: readonly RawMember[] }): Buffer {
  const { instead, by = [], besides = [] } = change
  const members = [saved.config, ...saved.layers, list].flatMap((member) => (member === instead ? by : [member]))
  return tarOf([...members, ...besides])
}

function withEntry(change: Readonly<Record<string, unknown>>): RawMember {
  return manifestJson({ ...saved, entry: { ...saved.entry, ...change } })
}

const link = (path: string, target: string): RawMember => ({ path, kind: '2', link: target })

describe('docker archives that are refused', () => {
  it.each<[string, Buffer, string, RegExp]>([
    ['an empty file', Buffer.alloc(0), 'INVALID_DATA', /archive.tar/],
    ['what is no tar', Buffer.from('x'.repeat(2000)), 'INVALID_DATA', /archive.tar/],
    ['without members', tarOf([]), 'INVALID_DATA', /without members/],
    ['without manifest.json', archive({ instead: list }), 'INVALID_DATA', /no "manifest.json"/],
    ['two manifest.json', archive({ besides: [list] }), 'INVALID_DATA', /two members "manifest.json"/],
    [
      'two manifest.json, one by another spelling',
      archive({ besides: [{ ...list, path: './/manifest.json' }] }),
      'INVALID_DATA',
      /two members/,
    ],
    [
      'manifest.json is a folder',
      archive({ instead: list, by: [{ path: 'manifest.json', kind: '5' }] }),
      'INVALID_DATA',
      /no docker archive|directory/,
    ],
    [
      'manifest.json is a pipe',
      archive({ instead: list, by: [{ path: 'manifest.json', kind: '6' }] }),
      'INVALID_DATA',
      /fifo/,
    ],
    [
      'manifest.json is a device',
      archive({ instead: list, by: [{ path: 'manifest.json', kind: '3' }] }),
      'INVALID_DATA',
      /device/,
    ],
    [
      'manifest.json leads out',
      archive({ instead: list, by: [link('manifest.json', '/etc/passwd')] }),
      'INVALID_DATA',
      /out of the archive/,
    ],
    [
      'manifest.json is no JSON',
      archive({ instead: list, by: [{ path: 'manifest.json', content: '[' }] }),
      'INVALID_DATA',
      /manifest.json/,
    ],
    [
      'manifest.json is an object',
      archive({ instead: list, by: [{ path: 'manifest.json', content: '{}' }] }),
      'INVALID_DATA',
      /must be a list/,
    ],
    [
      'manifest.json lists numbers',
      archive({ instead: list, by: [{ path: 'manifest.json', content: '[1]' }] }),
      'INVALID_DATA',
      /\[0\] must be an object/,
    ],
    [
      'manifest.json lists nothing',
      archive({ instead: list, by: [{ path: 'manifest.json', content: '[]' }] }),
      'NOT_FOUND',
      /holds no image/,
    ],
    [
      'manifest.json over 1 MiB',
      archive({ instead: list, by: [{ path: 'manifest.json', content: ' '.repeat(1024 * 1024) + '[]' }] }),
      'LIMIT_EXCEEDED',
      /at most 1048576/,
    ],
    [
      'a Config that is no text',
      archive({ instead: list, by: [withEntry({ Config: 1 })] }),
      'INVALID_DATA',
      /Config must be/,
    ],
    [
      'Layers that are no texts',
      archive({ instead: list, by: [withEntry({ Layers: [1] })] }),
      'INVALID_DATA',
      /Layers\[0\] must be text/,
    ],
    [
      'RepoTags that are no list',
      archive({ instead: list, by: [withEntry({ RepoTags: {} })] }),
      'INVALID_DATA',
      /RepoTags must be a list/,
    ],
    [
      'fewer layers than diff IDs',
      archive({ instead: list, by: [withEntry({ Layers: [base.path] })] }),
      'INVALID_DATA',
      /2 diff IDs, but manifest.json lists 1 layers/,
    ],
    [
      'more layers than diff IDs',
      archive({ instead: list, by: [withEntry({ Layers: [base.path, top.path, top.path] })] }),
      'INVALID_DATA',
      /lists 3 layers/,
    ],
    [
      'a config that is missing',
      archive({ instead: saved.config }),
      'INVALID_DATA',
      /damaged: .*\.json", which manifest.json names/,
    ],
    [
      'a config of the host',
      archive({ instead: list, by: [withEntry({ Config: '/etc/passwd' })] }),
      'INVALID_DATA',
      /is absolute/,
    ],
    [
      'a config beside the archive',
      archive({ instead: list, by: [withEntry({ Config: '../outside' })] }),
      'INVALID_DATA',
      /has a "\.\."/,
    ],
    [
      'a config over 4 MiB',
      archive({ instead: saved.config, by: [{ ...saved.config, content: ' '.repeat(4 * 1024 * 1024 + 1) }] }),
      'LIMIT_EXCEEDED',
      /at most 4194304/,
    ],
    [
      'a config that is none',
      archive({ instead: saved.config, by: [{ ...saved.config, content: '[]' }] }),
      'INVALID_DATA',
      /the config "/,
    ],
    [
      'diff IDs of an unknown algorithm',
      archive({
        instead: saved.config,
        by: [{ ...saved.config, content: '{"rootfs":{"type":"layers","diff_ids":["md5:00","md5:00"]}}' }],
      }),
      'INVALID_DATA',
      /md5/,
    ],
    [
      'a layer that is missing',
      archive({ instead: top }),
      'INVALID_DATA',
      /damaged: .*layer.tar", which manifest.json names/,
    ],
    [
      'a layer of the host',
      archive({ instead: list, by: [withEntry({ Layers: [base.path, '/etc/passwd'] })] }),
      'INVALID_DATA',
      /is absolute/,
    ],
    [
      'a layer that leads out',
      archive({ instead: top, by: [link(top.path, '../../etc/passwd')] }),
      'INVALID_DATA',
      /out of the archive/,
    ],
    [
      'a layer that leads to the host',
      archive({ instead: top, by: [link(top.path, '/etc/passwd')] }),
      'INVALID_DATA',
      /out of the archive/,
    ],
    [
      'a layer that leads to itself',
      archive({ instead: top, by: [link(top.path, 'layer.tar')] }),
      'INVALID_DATA',
      /circle/,
    ],
    [
      'a layer that leads to nothing',
      archive({ instead: top, by: [link(top.path, '../nothing')] }),
      'INVALID_DATA',
      /to nothing/,
    ],
    [
      'a layer that is a folder',
      archive({ instead: top, by: [{ path: top.path, kind: '5' }] }),
      'INVALID_DATA',
      /directory/,
    ],
    ['cut within a layer', archive({}).subarray(0, 4000), 'INVALID_DATA', /cut off/],
    ['cut within a header', archive({}).subarray(0, 1100), 'INVALID_DATA', /archive.tar/],
    ['a size below zero', archive({ besides: [{ path: 'x', size: '-0000000001\0' }] }), 'INVALID_DATA', /archive.tar/],
    [
      'a size of 2^62',
      archive({ besides: [{ path: 'x', size: '\x80\x00\x00\x00@\x00\x00\x00\x00\x00\x00\x00' }] }),
      'INVALID_DATA',
      /archive.tar/,
    ],
    [
      'a member that leads out by its name',
      archive({ besides: [{ path: '../x', content: 'x' }] }),
      'INVALID_DATA',
      /has a "\.\."/,
    ],
    [
      'a member with an absolute name',
      archive({ besides: [{ path: '/x', content: 'x' }] }),
      'INVALID_DATA',
      /is absolute/,
    ],
    ['gzip that is cut', gzipSync(archive({})).subarray(0, -20), 'INVALID_DATA', /archive.tar/],
    [
      'gzip with something behind',
      Buffer.concat([gzipSync(archive({})), Buffer.from('more')]),
      'INVALID_DATA',
      /archive.tar/,
    ],
  ])('%s', async (_, bytes, code, message) => {
    const file = await fileOf(bytes)
    const failure = expect.objectContaining({ code, message: expect.stringMatching(message) })
    await expect(transport.parseReference(file).openSource()).rejects.toEqual(failure)
    await expect(transport.parseReference(file).openSource()).rejects.toThrow(file)
  })

  it('more than is accepted when it is unpacked: a packed archive, a packed layer', async () => {
    const small = dockerArchiveTransport({ maxUnpackedBytes: 5000 })
    const large = { code: 'LIMIT_EXCEEDED', message: expect.stringContaining('archive.tar') }
    await expect(small.parseReference(await fileOf(gzipSync(savedArchive(saved)))).openSource()).rejects.toMatchObject(
      large,
    )
    const packed = archive({ instead: top, by: [{ ...top, content: zstdCompressSync(Buffer.alloc(100_000)) }] })
    await expect(small.parseReference(await fileOf(packed)).openSource()).rejects.toMatchObject(large)
  })

  it('a file that is a link to something else than a file, and a folder', async () => {
    const folder = await temporaryFolder()
    await expect(transport.parseReference(folder).openSource()).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await expect(transport.parseReference('/dev/null').openSource()).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })
})

describe('docker archives that are read', () => {
  it.each<[string, Buffer]>([
    [
      'names with ./ and folders',
      tarOf([
        { path: './', kind: '5' },
        ...[saved.config, ...saved.layers, list].map((member) => ({ ...member, path: `./${member.path}` })),
      ]),
    ],
    [
      'a layer that links to another member',
      archive({ instead: top, by: [link(top.path, '../shared.tar'), { path: 'shared.tar', content: top.content! }] }),
    ],
    [
      'a layer that is a hard link to a member before',
      archive({
        instead: top,
        by: [
          { path: 'shared.tar', content: top.content! },
          { path: top.path, kind: '1', link: 'shared.tar' },
        ],
      }),
    ],
    [
      'manifest.json that links to another member',
      archive({ instead: list, by: [link('manifest.json', 'x'), { ...list, path: 'x' }] }),
    ],
    ['manifest.json first', tarOf([list, saved.config, ...saved.layers])],
    [
      'a layer twice, of which the last one counts',
      archive({ instead: base, by: [{ ...base, content: 'wrong' }, base] }),
    ],
    [
      'members of other kinds besides',
      archive({
        besides: [
          { path: 'fifo', kind: '6' },
          { path: 'device', kind: '3' },
          { path: '__proto__', content: 'x' },
          link('out', '/etc/passwd'),
        ],
      }),
    ],
    ['no end of archive', savedArchive(saved).subarray(0, -1024)],
    ['zeros behind the end', Buffer.concat([savedArchive(saved), Buffer.alloc(9216)])],
    [
      'layers packed as no registry takes them',
      archive({ instead: top, by: [{ ...top, content: zstdCompressSync(top.content as Uint8Array) }] }),
    ],
    [
      'fields in manifest.json that are not known',
      archive({ instead: list, by: [withEntry({ LayerSources: {}, Parent: 'x', __proto__x: 1 })] }),
    ],
  ])('%s', async (_, bytes) => {
    const image = await readImage(transport.parseReference(await fileOf(bytes)))
    expect(image.parsed.layers).toEqual(saved.image.blobs.slice(1).map(({ descriptor }) => descriptor))
  })

  it('layers in gzip, which stay as they are', async () => {
    const packed = testBlob(gzipSync(top.content as Uint8Array), {
      mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
    })
    const bytes = archive({ instead: top, by: [{ ...top, content: packed.bytes }] })
    const image = await readImage(transport.parseReference(await fileOf(bytes)))
    expect(image.parsed.layers).toEqual([saved.image.blobs[1]?.descriptor, packed.descriptor])
    expect(image.layers[1]?.equals(packed.bytes)).toBe(true)
  })

  it('a layer with other bytes than its diff ID is found by whoever reads it', async () => {
    const file = await fileOf(archive({ instead: top, by: [{ ...top, content: Buffer.alloc(5120) }] }))
    await expect(readImage(transport.parseReference(file))).rejects.toThrow(/is sha256:/)
  })

  it('an archive of 20,000 members', async () => {
    const many = Array.from({ length: 20_000 }, (_, index) => ({ path: `m/${index}` }))
    const image = await readImage(transport.parseReference(await fileOf(archive({ besides: many }))))
    expect(image.layers).toHaveLength(2)
  })

  it('names that are no names are passed over', async () => {
    const strange = [
      '../../etc:1',
      'App:1',
      'a:1\nb',
      '--option',
      'x'.repeat(70_000),
      '',
      `app@sha256:${'a'.repeat(64)}`,
    ]
    const image = savedImage({ tags: [...strange, 'app:1'] })
    const file = await fileOf(savedArchive(image))
    expect(await collect(transport.parseReference(file).tags())).toEqual(['app:1'])
    expect((await readImage(transport.parseReference(`${file}:app:1`))).layers).toHaveLength(2)
    await expect(transport.parseReference(`${file}:other`).openSource()).rejects.toThrow(/^[^\n]{1,400}$/)
  })
})

describe('archives of several images', () => {
  const others: readonly SavedImage[] = ['one', 'two', 'three'].map((seed) =>
    savedImage({ seed, tags: [`${seed}:1`, `${seed}:latest`] }),
  )

  it('give each by name and by place', async () => {
    const file = await fileOf(savedArchive(...others))
    for (const [place, { image }] of others.entries()) {
      const names = [`${['one', 'two', 'three'][place]}:1`, ['one', 'two', 'three'][place], `@${place}`]
      for (const name of names) {
        const read = await readImage(transport.parseReference(`${file}:${name}`))
        expect(read.parsed.config.digest).toBe(image.blobs[0]!.descriptor.digest)
      }
    }
  })

  it('give a name to two images only by place', async () => {
    const twice = [savedImage({ seed: 'a' }), savedImage({ seed: 'b' })]
    const file = await fileOf(savedArchive(...twice))
    await expect(transport.parseReference(`${file}:app:1`).openSource()).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('@0, @1'),
    })
    expect((await readImage(transport.parseReference(`${file}:@1`))).parsed.config.digest).toBe(
      twice[1]!.image.blobs[0]!.descriptor.digest,
    )
  })
})

describe('a layer in an archive', () => {
  const plain = Buffer.from(top.content as Uint8Array)
  const gzipped = gzipSync(plain)

  it.each([
    ['plain', plain, plain, true],
    ['in gzip', gzipped, gzipped, true],
    ['in zstd', zstdCompressSync(plain), plain, false],
  ])('that is %s is given from any place to any other', async (_how, stored, content, rangeReads) => {
    const file = await fileOf(archive({ instead: top, by: [{ ...top, content: stored }] }))
    await using source = await transport.parseReference(file).openSource()
    expect(source.traits).toMatchObject({ makesManifest: true, rangeReads })
    const { descriptor } = testBlob(content)
    for (const [offset, end] of [
      [0, 10],
      [70, 71],
      [100, content.byteLength],
      [content.byteLength, content.byteLength],
    ] as const) {
      const part = await bytesOf(await source.getBlob(descriptor, { offset, end }))
      expect(part.equals(content.subarray(offset, end))).toBe(true)
    }
  })

  it('may be read by several at once, and config bytes that a reader changes are nobody else’s', async () => {
    const file = join(await temporaryFolder(), 'a.tar')
    await writeFile(file, savedArchive(saved))
    await using source = await transport.parseReference(file).openSource()
    const all = await Promise.all(
      saved.image.blobs
        .flatMap((blob) => [blob, blob])
        .map(async ({ descriptor }) => bytesOf(await source.getBlob(descriptor))),
    )
    expect(all.map((bytes) => bytes.byteLength)).toEqual(
      saved.image.blobs.flatMap(({ bytes }) => [bytes.byteLength, bytes.byteLength]),
    )
    const [config] = saved.image.blobs
    for await (const chunk of await source.getBlob(config!.descriptor)) chunk.fill(0)
    expect((await bytesOf(await source.getBlob(config!.descriptor))).equals(config!.bytes)).toBe(true)
  })
})
