import { rename, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { randomBytes, testImage, testIndex } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { ociArchiveTransport } from '../../src/index.ts'
import { fileOf, layoutMembers, type RawMember, tarOf } from '../archives.ts'
import { bytesOf, readImage } from '../read-image.ts'

const transport = ociArchiveTransport()
const image = testImage()
const members = layoutMembers(image, 'app')
const [index, marker] = [members.at(-2)!, members.at(-1)!]
const layer = members[1]!
const manifest = members.at(-3)!

/** The archive with other members in the place of one, or besides. */
function archive(change: { instead?: RawMember; by?: readonly RawMember[]; besides?: readonly RawMember[] }): Buffer {
  const { instead, by = [], besides = [] } = change
  return tarOf([...members.flatMap((member) => (member === instead ? by : [member])), ...besides])
}

const link = (path: string, target: string): RawMember => ({ path, kind: '2', link: target })
const text = (path: string, content: unknown): RawMember => ({ path, content: JSON.stringify(content) })
const entry = { mediaType: image.root.mediaType, digest: image.root.digest, size: image.root.bytes.byteLength }
const listing = (...manifests: readonly unknown[]): Buffer =>
  archive({ instead: index, by: [text('index.json', { schemaVersion: 2, manifests })] })

describe('OCI archives that are refused', () => {
  it.each<[string, Buffer, string, RegExp]>([
    ['without oci-layout', archive({ instead: marker }), 'INVALID_DATA', /no "oci-layout"/],
    ['without index.json', archive({ instead: index }), 'INVALID_DATA', /no "index.json"/],
    ['two index.json', archive({ besides: [index] }), 'INVALID_DATA', /two members "index.json"/],
    [
      'two oci-layout',
      archive({ besides: [{ ...marker, path: './oci-layout' }] }),
      'INVALID_DATA',
      /two members "oci-layout"/,
    ],
    [
      'index.json of the host',
      archive({ instead: index, by: [link('index.json', '/etc/passwd')] }),
      'INVALID_DATA',
      /out of the archive/,
    ],
    [
      'index.json that is a folder',
      archive({ instead: index, by: [{ path: 'index.json', kind: '5' }] }),
      'INVALID_DATA',
      /index.json/,
    ],
    [
      'index.json over 16 MiB',
      archive({ instead: index, by: [{ path: 'index.json', content: ' '.repeat(16 * 1024 * 1024 + 1) }] }),
      'LIMIT_EXCEEDED',
      /at most 16777216/,
    ],
    [
      'index.json that is a list',
      archive({ instead: index, by: [text('index.json', [])] }),
      'INVALID_DATA',
      /JSON object/,
    ],
    [
      'index.json of schema 1',
      archive({ instead: index, by: [text('index.json', { schemaVersion: 1, manifests: [] })] }),
      'INVALID_DATA',
      /"schemaVersion" 2/,
    ],
    [
      'index.json of another type',
      archive({ instead: index, by: [text('index.json', { schemaVersion: 2, mediaType: 'a/b', manifests: [] })] }),
      'INVALID_DATA',
      /"mediaType"/,
    ],
    [
      'index.json without manifests',
      archive({ instead: index, by: [text('index.json', { schemaVersion: 2 })] }),
      'INVALID_DATA',
      /array "manifests"/,
    ],
    [
      'index.json with keys of other case',
      archive({ instead: index, by: [text('index.json', { schemaVersion: 2, manifests: [entry], Manifests: [] })] }),
      'INVALID_DATA',
      /Manifests/,
    ],
    ['an entry that is no object', listing(1), 'INVALID_DATA', /manifests\[0\] that is not an object/],
    ['an entry with a bad digest', listing({ ...entry, digest: 'sha256:../../x' }), 'INVALID_DATA', /digest/],
    ['an entry of another kind', listing({ ...entry, mediaType: 'text/plain' }), 'UNSUPPORTED', /text\/plain/],
    ['no entry', listing(), 'NOT_FOUND', /lists no image/],
    [
      'two images',
      listing(entry, { ...entry, digest: image.blobs[0]!.descriptor.digest }),
      'CONFLICT',
      /lists 2 images; choose one: @0, @1/,
    ],
    [
      'another version',
      archive({ instead: marker, by: [text('oci-layout', { imageLayoutVersion: '2.0.0' })] }),
      'UNSUPPORTED',
      /version "2.0.0"/,
    ],
    ['no version', archive({ instead: marker, by: [text('oci-layout', {})] }), 'INVALID_DATA', /imageLayoutVersion/],
    [
      'a member that leads out by its name',
      archive({ besides: [{ path: 'blobs/../../x' }] }),
      'INVALID_DATA',
      /has a "\.\."/,
    ],
    ['cut', archive({}).subarray(0, 4000), 'INVALID_DATA', /cut off/],
    ['gzip that is cut', gzipSync(archive({})).subarray(0, -20), 'INVALID_DATA', /archive.tar/],
  ])('%s', async (_, bytes, code, message) => {
    const file = await fileOf(bytes)
    await expect(transport.parseReference(file).openSource()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
    await expect(transport.parseReference(file).openSource()).rejects.toThrow(file)
  })

  it('a name on two images', async () => {
    const named = { ...entry, annotations: { 'org.opencontainers.image.ref.name': 'x' } }
    const file = await fileOf(listing(named, { ...named, digest: image.blobs[0]!.descriptor.digest }))
    await expect(transport.parseReference(`${file}:x`).openSource()).rejects.toThrow(
      /"x" to 2 different images; choose by place: @0 .*, @1 /,
    )
    expect((await readImage(transport.parseReference(`${file}:@0`))).manifest.digest).toBe(image.root.digest)
  })

  it.each<[string, Buffer, string, RegExp]>([
    ['a manifest that is missing', archive({ instead: manifest }), 'NOT_FOUND', /has no blob sha256/],
    [
      'a manifest with other bytes',
      archive({ instead: manifest, by: [{ ...manifest, content: Buffer.alloc(entry.size) }] }),
      'DIGEST_MISMATCH',
      /archive.tar.* is damaged/,
    ],
    [
      'a manifest of another size',
      archive({ instead: manifest, by: [{ ...manifest, content: 'x' }] }),
      'DIGEST_MISMATCH',
      /has 1 bytes, but sha256/,
    ],
    ['a manifest over 4 MiB', listing({ ...entry, size: 5 * 1024 * 1024 }), 'LIMIT_EXCEEDED', /at most 4194304/],
    [
      'a manifest of the host',
      archive({ instead: manifest, by: [link(manifest.path, '/etc/passwd')] }),
      'INVALID_DATA',
      /out of the archive/,
    ],
    ['a layer that is missing', archive({ instead: layer }), 'NOT_FOUND', /has no blob sha256/],
    [
      'a layer of another size',
      archive({ instead: layer, by: [{ ...layer, content: 'x' }] }),
      'DIGEST_MISMATCH',
      /has 1 bytes/,
    ],
    [
      'a layer of the host',
      archive({ instead: layer, by: [link(layer.path, '../../../etc/passwd')] }),
      'INVALID_DATA',
      /out of the archive/,
    ],
    [
      'a layer that is a folder',
      archive({ instead: layer, by: [{ path: layer.path, kind: '5' }] }),
      'INVALID_DATA',
      /directory/,
    ],
  ])('when it is read: %s', async (_, bytes, code, message) => {
    const reading = readImage(transport.parseReference(await fileOf(bytes)))
    await expect(reading).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })
})

describe('OCI archives that are read', () => {
  it.each<[string, Buffer]>([
    [
      'names with ./ and folders',
      tarOf([
        { path: './', kind: '5' },
        { path: './blobs', kind: '5' },
        ...members.map((member) => ({ ...member, path: `./${member.path}` })),
      ]),
    ],
    ['a blob twice', archive({ besides: [layer] })],
    ['names that differ in case', archive({ besides: [{ path: 'INDEX.JSON', content: '{}' }] })],
    [
      'a link inside the archive',
      archive({
        instead: layer,
        by: [link(layer.path, 'real'), { path: 'blobs/sha256/real', content: layer.content! }],
      }),
    ],
    [
      'set-user-ID, devices and pipes besides',
      archive({
        besides: [
          { path: 'd', kind: '3' },
          { path: 'p', kind: '6' },
        ],
      }),
    ],
    ['the image listed twice', listing(entry, entry)],
    ['index.json first', tarOf([index, marker, ...members.slice(0, -2)])],
  ])('%s', async (_, bytes) => {
    expect((await readImage(transport.parseReference(await fileOf(bytes)))).manifest.digest).toBe(image.root.digest)
  })

  it('an index, its instances by digest, and parts of blobs in place', async () => {
    const multi = testIndex()
    await using source = await transport.parseReference(await fileOf(tarOf(layoutMembers(multi)))).openSource()
    expect(source.traits).toMatchObject({ rangeReads: true })
    for (const { digest, bytes } of multi.manifests) {
      expect(Buffer.from((await source.getManifest(digest)).bytes).equals(bytes)).toBe(true)
    }
    const { descriptor, bytes } = multi.blobs.at(-1)!
    const part = await bytesOf(await source.getBlob(descriptor, { offset: 5, end: 50 }))
    expect(part.equals(bytes.subarray(5, 50))).toBe(true)
  })

  it('a digest that nothing lists is not found, and indexes nested without end are refused', async () => {
    const file = await fileOf(archive({}))
    const strange = image.blobs[1]!.descriptor.digest
    await expect(transport.parseReference(`${file}@${strange}`).openSource()).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    let nested = testIndex({ seed: 'innermost' })
    for (let depth = 0; depth < 20; depth += 1) nested = testIndex({ seed: `level ${depth}`, entries: [nested] })
    const deep = await fileOf(tarOf(layoutMembers(nested)))
    await expect(transport.parseReference(`${deep}@${strange}`).openSource()).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    })
  })

  it('as it was when it was opened, whatever takes its place', async () => {
    const file = await fileOf(archive({}))
    await using source = await transport.parseReference(file).openSource()
    await writeFile(`${file}.new`, randomBytes(5000, 'other'))
    await rename(`${file}.new`, file)
    expect((await source.getManifest()).digest).toBe(image.root.digest)
  })
})
