import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, relative } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { writeTar } from '@crossdock/archive'
import { readBytes } from '@crossdock/streams'
import { describe, expect, it, onTestFinished } from 'vitest'
import { nameOfPath } from '../../src/index.ts'
import { temporaryFolder } from '../temporary-folder.ts'

/** An archive with these members; those with "/" at the end are folders. */
async function tarOf(...paths: readonly string[]): Promise<Buffer> {
  const members = paths.map((path) =>
    path.endsWith('/')
      ? { path: path.slice(0, -1), type: 'directory' as const }
      : { path, size: 2, content: Buffer.from('{}') },
  )
  return Buffer.from(await readBytes(writeTar(members), { limitBytes: 2 ** 20, what: 'the archive' }))
}

/** A file with this content, whose name tells nothing. */
async function fileOf(content: Uint8Array, name = 'file'): Promise<string> {
  const path = join(await temporaryFolder(), name)
  await writeFile(path, content)
  return path
}

/** A folder with these files in it. */
async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder()
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  return folder
}

const invalid = (text: string): unknown =>
  expect.objectContaining({ code: 'INVALID_DATA', message: expect.stringContaining(text) })

describe('folders', () => {
  it.each([
    ['oci', { 'oci-layout': '{"imageLayoutVersion":"1.0.0"}', 'index.json': '{}' }],
    ['oci', { 'oci-layout': '', 'manifest.json': '[]' }],
    ['dir', { version: 'Directory Transport Version: 1.1\n' }],
    ['dir', { version: 'Directory Transport Version: 9.9\n', 'manifest.json': '{}' }],
    ['dir', { 'manifest.json': '{}' }],
  ])('%s: %j', async (transport, files) => {
    const folder = await folderOf(files)
    await expect(nameOfPath(folder)).resolves.toBe(`${transport}:${folder}`)
  })

  it.each([[{}], [{ version: '1.1' }], [{ version: '' }], [{ 'index.json': '{}' }], [{ manifest: '{}' }]])(
    '%j is none',
    async (files) => {
      await expect(nameOfPath(await folderOf(files))).rejects.toThrow(invalid('is a folder and no image'))
    },
  )

  it('are none by folders that are called as files of an image', async () => {
    const folder = await temporaryFolder()
    for (const name of ['oci-layout', 'version', 'manifest.json']) await mkdir(join(folder, name))
    await expect(nameOfPath(folder)).rejects.toThrow(invalid('is a folder and no image'))
  })

  it('may be relative, and become absolute', async () => {
    const folder = await folderOf({ 'oci-layout': '' })
    await expect(nameOfPath(relative(process.cwd(), folder))).resolves.toBe(`oci:${folder}`)
  })
})

const KINDS: readonly (readonly [string, readonly string[]])[] = [
  ['aci', ['manifest', 'rootfs/']],
  ['aci', ['rootfs/', 'rootfs/x', 'manifest']],
  ['oci-archive', ['oci-layout', 'index.json', 'blobs/']],
  ['oci-archive', ['blobs/', 'index.json', 'manifest.json', 'oci-layout', 'repositories']],
  ['docker-archive', ['layer.tar', 'manifest.json']],
  ['docker-archive', ['repositories', 'x/layer.tar']],
  ['docker-archive', ['index.json', 'manifest.json']],
]
const PACKINGS: readonly (readonly [string, (bytes: Buffer) => Uint8Array])[] = [
  ['plain', (bytes) => bytes],
  ['gzip', (bytes) => gzipSync(bytes)],
  ['zstd', (bytes) => zstdCompressSync(bytes)],
]

describe.each(PACKINGS)('files, %s', (_, pack) => {
  it.each(KINDS)('%s: %j', async (transport, members) => {
    const path = await fileOf(pack(await tarOf(...members)))
    await expect(nameOfPath(path)).resolves.toBe(`${transport}:${path}`)
  })

  it('are told by their content, whatever they are called', async () => {
    const path = await fileOf(pack(await tarOf('manifest.json')), 'x.aci')
    await expect(nameOfPath(path)).resolves.toBe(`docker-archive:${path}`)
  })

  it('that are a root filesystem are no image', async () => {
    const path = await fileOf(pack(await tarOf('bin/', 'bin/sh', 'etc/manifest.json')))
    await expect(nameOfPath(path)).rejects.toThrow(invalid(`it is tarball:${path}`))
  })

  it('that name everything else twice are refused', async () => {
    const path = await fileOf(pack(await tarOf('manifest.json', 'x', 'manifest.json')))
    await expect(nameOfPath(path)).rejects.toThrow(invalid('two members "manifest.json"'))
  })

  it('that lead out of themselves are refused', async () => {
    const tar = await tarOf('manifest.json', '-./y')
    tar.write('../x', tar.indexOf('-./y')) // has the same checksum
    const path = await fileOf(pack(tar))
    await expect(nameOfPath(path)).rejects.toThrow(invalid('".."'))
  })

  it('that have nothing in them are no image', async () => {
    const path = await fileOf(pack(await tarOf()))
    await expect(nameOfPath(path)).rejects.toThrow(invalid('without members'))
  })
})

describe('files', () => {
  it.each([
    ['text', Buffer.from('no archive '.repeat(100))],
    ['packed text', gzipSync('no archive '.repeat(100))],
    ['nothing', Buffer.alloc(0)],
    ['half a packing', gzipSync(Buffer.alloc(5000, 'x')).subarray(0, 20)],
  ])('%s is refused', async (_, content) => {
    await expect(nameOfPath(await fileOf(content))).rejects.toThrow(invalid(''))
  })

  // What comes behind would be damaged, or too much, if it were read.
  it.each([
    ['aci', ['manifest']],
    ['oci-archive', ['./oci-layout', 'index.json']],
  ])('%s is told by the beginning of a packed one', async (transport, members) => {
    const head = (await tarOf(...members)).subarray(0, members.length * 1024)
    const zeros = { path: 'blobs', size: 2 ** 24, content: Buffer.alloc(2 ** 24) }
    const rest = await readBytes(writeTar([zeros]), { limitBytes: 2 ** 25, what: 'the archive' })
    const path = await fileOf(gzipSync(Buffer.concat([head, rest])).subarray(0, 2000))
    await expect(nameOfPath(path, { maxUnpackedBytes: 2 ** 22 })).resolves.toBe(`${transport}:${path}`)
  })

  it('of which all has to be unpacked are unpacked to the limit', async () => {
    const zeros = { path: 'layer.tar', size: 2 ** 24, content: Buffer.alloc(2 ** 24) }
    const tar = await readBytes(writeTar([zeros]), { limitBytes: 2 ** 25, what: 'the archive' })
    const path = await fileOf(gzipSync(tar))
    await expect(nameOfPath(path, { maxUnpackedBytes: 2 ** 20 })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })
})

describe('paths', () => {
  it('at which there is nothing', async () => {
    const path = join(await temporaryFolder(), 'nothing')
    await expect(nameOfPath(path)).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining(path) })
  })

  it.skipIf(process.platform === 'win32')('at which a socket is', async () => {
    const path = join(await temporaryFolder(), 's')
    const server = createServer()
    onTestFinished(() => void server.close())
    await new Promise<void>((resolve) => server.listen(path, resolve))
    await expect(nameOfPath(path)).rejects.toThrow(invalid('socket'))
  })

  it.skipIf(process.platform === 'win32')('are those of links, not of what they lead to', async () => {
    const link = join(await temporaryFolder(), 'link')
    await symlink(await fileOf(await tarOf('manifest.json')), link)
    await expect(nameOfPath(link)).resolves.toBe(`docker-archive:${link}`)
  })

  it.skipIf(process.platform === 'win32')('with a colon are refused where it would end them', async () => {
    const path = await fileOf(await tarOf('manifest.json'), 'a:1')
    const expected = { code: 'INVALID_REFERENCE', message: expect.stringContaining('"docker-archive:" ends a path') }
    await expect(nameOfPath(path)).rejects.toMatchObject(expected)
    const folder = join(await temporaryFolder(), 'a:1')
    await mkdir(folder)
    await writeFile(join(folder, 'manifest.json'), '{}')
    await expect(nameOfPath(folder)).resolves.toBe(`dir:${folder}`)
    await writeFile(join(folder, 'oci-layout'), '{}')
    await expect(nameOfPath(folder)).rejects.toMatchObject({ code: 'INVALID_REFERENCE' })
  })

  it('are not looked at after an abort', async () => {
    const reason = new Error('enough')
    const path = await fileOf(gzipSync(await tarOf('manifest.json')))
    await expect(nameOfPath(path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
