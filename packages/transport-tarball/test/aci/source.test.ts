import { writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { bytesAccess, indexTar, isDetachedSignature } from '@crossdock/archive'
import type { ImageSource, ManifestBytes, ProgressEvent } from '@crossdock/core'
import { parseManifest } from '@crossdock/formats'
import { describe, expect, it, onTestFinished } from 'vitest'
import { aciTransport } from '../../src/index.ts'
import { bytesOf, readImage } from '../read-image.ts'
import { aciBytes, aciFile, APP, LINUX, textFile } from './archives.ts'

const transport = aciTransport()

const FILES = [
  { path: 'bin', type: 'directory', mode: 0o755 },
  {
    ...textFile('bin/app', 'app'),
    mode: 0o4755,
    uid: 3,
    gid: 4,
    mtime: 5,
    pax: new Map([['SCHILY.xattr.user.a', 'b']]),
  },
  { path: 'bin/link', type: 'hardlink', linkName: 'rootfs/bin/app' },
  { path: 'bin/soft', type: 'symlink', linkName: 'app' },
] as const

async function opened(path: string, options = {}): Promise<ImageSource> {
  const source = await aciTransport(options).parseReference(path).openSource()
  onTestFinished(() => source[Symbol.asyncDispose]())
  return source
}

/** The image is made when it is first asked for. */
async function manifestOf(path: string, options = {}): Promise<ManifestBytes> {
  return await (await opened(path, options)).getManifest()
}

describe('the image', () => {
  it('has the files as they are', async () => {
    const image = await readImage(transport.parseReference(await aciFile({ app: APP, labels: LINUX }, FILES)))
    expect(image.diffIds).toStrictEqual(image.parsed.layers.map(({ digest }) => digest))
    const { entries } = await indexTar(bytesAccess(image.layers[0]!))
    expect(entries.map(({ path, type, linkName }) => [path, type, linkName])).toStrictEqual([
      ['./', 'directory', ''],
      ['bin/', 'directory', ''],
      ['bin/app', 'file', ''],
      ['bin/link', 'hardlink', 'bin/app'],
      ['bin/soft', 'symlink', 'app'],
    ])
    expect(entries[0]?.mode).toBe(0o711)
    expect(entries[2]).toMatchObject({ mode: 0o4755, uid: 3, gid: 4, mtime: 5 })
    expect(entries[2]?.pax.get('SCHILY.xattr.user.a')).toBe('b')
  })

  it('is the same each time, however the archive is packed', async () => {
    const path = await aciFile({ app: APP, labels: LINUX }, FILES)
    const plain = await readImage(transport.parseReference(path))
    await writeFile(path, gzipSync(await aciBytes({ app: APP, labels: LINUX }, FILES)))
    expect((await readImage(transport.parseReference(path))).manifest.digest).toBe(plain.manifest.digest)
  })

  it('can be asked for by name and version', async () => {
    const labels = [...LINUX, { name: 'version', value: '1.0' }]
    const path = await aciFile({ app: APP, labels }, FILES)
    await opened(`${path}:example.com/app:1.0`)
    await expect(opened(`${path}:other`)).rejects.toThrow('has no image other: it holds example.com/app')
    await expect(opened(`${path}:example.com/app:2`)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('is for the platform that it is told, if it says none', async () => {
    const path = await aciFile({ app: APP }, FILES)
    const events: ProgressEvent[] = []
    const reference = aciTransport({ platform: 'linux/arm/v6' }).parseReference(path)
    await using source = await reference.openSource({ onProgress: (event) => events.push(event) })
    const config = await configOf(source)
    expect(config).toMatchObject({ os: 'linux', architecture: 'arm', variant: 'v6' })
    expect(events).toStrictEqual([
      { type: 'note', level: 'warning', message: expect.stringContaining('does not say what it runs on: linux/arm') },
    ])
  })
})

async function configOf(source: ImageSource): Promise<unknown> {
  const parsed = parseManifest(await source.getManifest())
  if (parsed.kind !== 'image') throw new Error('this is an index')
  return JSON.parse((await bytesOf(await source.getBlob(parsed.config))).toString())
}

describe('blobs', () => {
  it('are read from anywhere, several at once', async () => {
    const source = await opened(await aciFile({ app: APP, labels: LINUX }, FILES))
    const parsed = parseManifest(await source.getManifest())
    const [layer] = parsed.kind === 'image' ? parsed.layers : []
    const whole = await bytesOf(await source.getBlob(layer!))
    const parts = [
      [0, 700],
      [700, 1500],
      [1500, undefined],
    ] as const
    const read = await Promise.all(
      parts.map(async ([offset, end]) => bytesOf(await source.getBlob(layer!, { offset, end }))),
    )
    expect(Buffer.concat(read)).toStrictEqual(whole)
  })

  it('are not others', async () => {
    const source = await opened(await aciFile({ app: APP, labels: LINUX }, FILES))
    const { mediaType, digest } = await source.getManifest()
    await expect(source.getBlob({ mediaType, digest, size: 1 })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('an abort', () => {
  it('ends opening with its reason', async () => {
    const reason = new Error('enough')
    const path = await aciFile({ app: APP, labels: LINUX }, FILES)
    const opening = transport.parseReference(path).openSource({ signal: AbortSignal.abort(reason) })
    await expect(opening).rejects.toBe(reason)
  })
})

describe('a signature beside the archive', () => {
  it('comes with the bytes that it is for', async () => {
    const path = await aciFile({ app: APP, labels: LINUX }, FILES)
    await writeFile(`${path}.asc`, 'signature')
    const source = await opened(path)
    const [signature] = await source.getSignatures()
    expect(Buffer.from(signature!.bytes).toString()).toBe('signature')
    const { archive } = [signature!].find(isDetachedSignature)!
    expect(archive.name).toBe('example.com/app')
    expect(await bytesOf(archive.open())).toStrictEqual(await aciBytes({ app: APP, labels: LINUX }, FILES))
  })

  it('is bounded', async () => {
    const path = await aciFile({ app: APP, labels: LINUX }, FILES)
    await writeFile(`${path}.asc`, Buffer.alloc(5_000_000))
    await expect(opened(path)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })
})

describe('dependencies', () => {
  it('become layers below', async () => {
    const base = await aciFile({ name: 'base' }, [
      textFile('x', 'base'),
      textFile('y', 'base'),
      { path: 'z', type: 'hardlink', linkName: 'rootfs/x' },
    ])
    const top = await aciFile({ app: APP, labels: LINUX, dependencies: [{ imageName: 'base' }] }, [
      textFile('x', 'top'),
    ])
    await expect(manifestOf(top)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('depends on base'),
    })
    const { layers } = await readImage(aciTransport({ dependencies: [base] }).parseReference(top))
    const paths = await Promise.all(layers.map(async (bytes) => (await indexTar(bytesAccess(bytes))).entries))
    // What a link stood for is covered, so that the link becomes the file.
    expect(paths.map((entries) => entries.map(({ path, type }) => `${path} ${type}`))).toStrictEqual([
      ['y file', 'z file'],
      ['./ directory', 'x file'],
    ])
    expect(layers[0]?.toString()).toContain('base')
  })

  it('have the labels that are asked for', async () => {
    const base = await aciFile({ name: 'base' }, [])
    const dependencies = [{ imageName: 'base', labels: [{ name: 'version', value: '1' }] }]
    const top = await aciFile({ app: APP, labels: LINUX, dependencies }, [])
    await expect(manifestOf(top, { dependencies: [base] })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('hostile archives', () => {
  it('may not hold what a layer takes for a removal', async () => {
    const path = await aciFile({ app: APP, labels: LINUX }, [textFile('etc/.wh.passwd')])
    await expect(manifestOf(path)).rejects.toThrow(
      'has a file "etc/.wh.passwd", which in a layer would remove another one',
    )
  })

  it('are told by their file', async () => {
    const path = await aciFile({ name: '../x' }, [])
    await expect(opened(path)).rejects.toThrow(`"${path}": the manifest: name must`)
  })
})
