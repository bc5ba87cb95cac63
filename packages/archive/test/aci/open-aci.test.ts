import { readdir, readFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { formatAciImageId } from '@crossdock/formats'
import { describe, expect, it } from 'vitest'
import { bytesAccess, openAci } from '../../src/index.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { aciFixture, aciOf, textFile, opened, OPTIONS, tarOf } from './archives.ts'
import { readAll } from '../bodies.ts'

interface Row {
  readonly file: string
  readonly imageID?: string
  readonly manifestName?: string
}

const { archives }: { archives: readonly Row[] } = JSON.parse(
  await readFile(new URL('../fixtures/aci/aci-expected.json', import.meta.url), 'utf8'),
)

const good = archives.filter(({ file: name }) => !name.startsWith('bad-'))
const bad = archives.filter(({ file: name }) => name.startsWith('bad-'))

describe('archives as others write them', () => {
  it('has all of them', () => expect([good.length, bad.length]).toStrictEqual([15, 23]))

  it.each(good.filter(({ imageID }) => imageID !== undefined))('$file', async (row) => {
    const archive = await opened(aciFixture(row.file))
    expect(formatAciImageId(archive.id)).toBe(row.imageID)
    expect(archive.manifest.name).toBe(row.manifestName)
    expect(archive.files.get('')?.type).toBe('directory')
  })

  it('reads zstd as well, which appc does not', async () => {
    const plain = aciFixture('minimal.aci')
    const archive = await opened(zstdCompressSync(plain))
    expect(archive.id).toBe(`sha512:${createHash('sha512').update(plain).digest('hex')}`)
  })

  it('refuses what only begins like zstd', async () => {
    await expect(opened(aciFixture('minimal-zstd-unsupported.aci'))).rejects.toThrow('not valid zstd data')
  })
})

/** What is wrong with each, also where upstream takes it. */
const PROBLEMS: Readonly<Record<string, string>> = {
  'bad-absolute.aci': 'is absolute',
  'bad-double-gzip.aci': '',
  'bad-duplicate-after-clean.aci': 'two members "rootfs/a"',
  'bad-duplicate-file.aci': 'two members "rootfs/a"',
  'bad-empty.aci': 'no member "manifest"',
  'bad-extra-top-level.aci': 'has "README" beside',
  'bad-gzip-of-text.aci': '',
  'bad-manifest-kind.aci': 'its acKind must be',
  'bad-manifest-not-json.aci': 'is not one JSON document',
  'bad-manifest-trailing.aci': 'is not one JSON document',
  'bad-no-manifest.aci': 'no member "manifest"',
  'bad-no-rootfs-entry-but-files.aci': 'no folder "rootfs"',
  'bad-no-rootfs.aci': 'no folder "rootfs"',
  'bad-rootfs-is-file.aci': 'its "rootfs" is a file',
  'bad-rootfs-prefix-sibling.aci': 'has "rootfs-evil',
  'bad-symlink-then-through.aci': 'which is a symlink',
  'bad-text.aci': '',
  'bad-traversal.aci': 'has a ".."',
  'bad-truncated-gzip.aci': '',
  'bad-truncated.aci': '',
  'bad-two-manifests.aci': 'two members "manifest"',
  'bad-two-rootfs.aci': 'two members "rootfs"',
  'bad-zip.aci': '',
}

describe('hostile archives', () => {
  it.each(bad)('refuses $file', async ({ file: name }) => {
    const opening = opened(aciFixture(name), name)
    await expect(opening).rejects.toMatchObject({ name: 'ImageError', code: 'INVALID_DATA' })
    await expect(opening).rejects.toThrow(PROBLEMS[name])
    await expect(opening).rejects.toThrow(name)
  })

  it('refuses one that was cut between two members', async () => {
    const bytes = await aciOf({ name: 'a' }, [textFile('x', 'y'), textFile('z')])
    await expect(opened(bytes.subarray(0, bytes.byteLength - 1024))).rejects.toThrow('is cut off')
  })

  it.each(['manifest', 'rootfs/later', 'rootfs/folder', 'rootfs/none'])(
    'refuses a hard link to %s',
    async (linkName) => {
      const link = { path: 'link', type: 'hardlink', linkName } as const
      const bytes = await aciOf({ name: 'a' }, [{ path: 'folder', type: 'directory' }, link, textFile('later')])
      await expect(opened(bytes)).rejects.toThrow('which is no earlier file')
    },
  )

  it('refuses a manifest that is a link', async () => {
    const link = { path: 'manifest', type: 'symlink', linkName: 'rootfs/manifest' } as const
    const bytes = await tarOf([{ path: 'rootfs', type: 'directory' }, textFile('rootfs/manifest', '{}'), link])
    await expect(opened(bytes)).rejects.toThrow('its "manifest" is a symlink')
  })

  it('stops at the limit, and leaves nothing', async () => {
    const folder = await temporaryFolder()
    const bytes = gzipSync(await aciOf({ name: 'a' }, [textFile('x', 'y'.repeat(3_000_000))]))
    const opening = openAci(bytesAccess(bytes), { ...OPTIONS, tmpDir: folder })
    await expect(opening).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(await readdir(folder)).toStrictEqual([])
  })
})

describe('the published bytes', () => {
  it('are the file as it came', async () => {
    const bytes = aciFixture('minimal-gzip.aci')
    const archive = await opened(bytes)
    expect(await readAll(archive.published())).toStrictEqual(Buffer.from(bytes))
    expect(archive.id).not.toContain(createHash('sha512').update(bytes).digest('hex'))
  })

  it('are refused if they are others by then', async () => {
    const bytes = Uint8Array.from(aciFixture('minimal.aci'))
    const archive = await opened(bytes)
    bytes[bytes.byteLength - 1]! ^= 1
    await expect(readAll(archive.published())).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})
