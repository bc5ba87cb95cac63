import { readdir, readFile, stat, utimes } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { digestOf } from '@crossdock/core'
import { extract } from 'tar-stream'
import { describe, expect, test } from 'vitest'
import { buildImages, type BuiltImage } from '../src/build-images.ts'
import { type ImageShape, imageShapes } from '../src/shapes.ts'
import { verifyLayout } from '../src/verify-layout.ts'
import { inputTree, temporaryFolder } from './input-tree.ts'

interface Claim {
  digest: `sha256:${string}`
  size: number
  mediaType: string
  platform?: { architecture: string; os: string }
  annotations?: Record<string, string>
  artifactType?: string
}

async function document(image: BuiltImage, digest: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(image.folder, 'blobs', 'sha256', digest.slice(7)), 'utf8'))
}

async function buildOne(shape: ImageShape, scale: number, folder?: string): Promise<BuiltImage> {
  const roots = await inputTree()
  const [image] = await buildImages({ folder: folder ?? (await temporaryFolder()), shapes: [shape], scale, roots })
  if (image === undefined) throw new Error('nothing was built')
  return image
}

async function entriesOf(layer: Uint8Array): Promise<Map<string, { content: Buffer; mtime: Date | undefined }>> {
  const found = new Map<string, { content: Buffer; mtime: Date | undefined }>()
  const reader = extract()
  reader.end(gunzipSync(layer))
  for await (const entry of reader) {
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    found.set(entry.header.name, { content: Buffer.concat(chunks), mtime: entry.header.mtime })
  }
  return found
}

/** Makes it look as if nobody had used it for so long. */
async function age(path: string | undefined, days: number): Promise<void> {
  const then = new Date(Date.now() - days * 86_400_000)
  await utimes(path ?? '', then, then)
}

describe('every shape', () => {
  test.each(imageShapes)('%s is a layout whose every blob is what its digest says', async (shape) => {
    const image = await buildOne(shape, 0.001)
    const report = await verifyLayout(image.folder, { root: image.digest })
    expect(report.problems).toEqual([])
    // The artifact that refers to an image is reached through index.json, not through the image.
    expect((await verifyLayout(image.folder)).unreached).toEqual([])
  })
})

describe('reproducible', () => {
  test('the same files give the same bytes in another folder', async () => {
    const roots = await inputTree()
    const build = async (): Promise<readonly BuiltImage[]> =>
      buildImages({ folder: await temporaryFolder(), shapes: ['demo', 'multiarch', 'many'], scale: 0.002, roots })
    const [first, second] = [await build(), await build()]
    expect(second.map(({ digest }) => digest)).toEqual(first.map(({ digest }) => digest))
    for (const [at, image] of first.entries()) {
      const index = await readFile(join(image.folder, 'index.json'))
      expect(await readFile(join(second[at]?.folder ?? '', 'index.json'))).toEqual(index)
    }
  })

  test('layers hold the real files, with one fixed time', async () => {
    const roots = await inputTree()
    const [image] = await buildImages({ folder: await temporaryFolder(), shapes: ['files'], scale: 0.005, roots })
    if (image === undefined) throw new Error('nothing was built')
    const { layers } = await document(image, image.digest)
    const [layer] = layers as Claim[]
    const entries = await entriesOf(await readFile(join(image.folder, 'blobs/sha256', layer?.digest.slice(7) ?? '')))
    expect(entries.size).toBe(150)
    for (const [name, { content, mtime }] of entries) {
      const source = await readFile(join(roots[0]?.path ?? '', name.replace('usr/share/', '')))
      expect(content.equals(source)).toBe(true)
      expect(mtime?.toISOString()).toBe('2026-01-01T00:00:00.000Z')
    }
  })

  test('diff IDs are of the unpacked tar', async () => {
    const image = await buildOne('one-layer', 0.001)
    const manifest = await document(image, image.digest)
    const config = await document(image, (manifest['config'] as Claim).digest)
    const [layer] = manifest['layers'] as Claim[]
    const packed = await readFile(join(image.folder, 'blobs/sha256', layer?.digest.slice(7) ?? ''))
    expect((config['rootfs'] as { diff_ids: string[] }).diff_ids).toEqual([digestOf(gunzipSync(packed))])
  })
})

describe('the cache', () => {
  test('is used by the second build and not once a file has changed', async () => {
    const [folder, roots] = [await temporaryFolder(), await inputTree()]
    const build = (): Promise<readonly BuiltImage[]> =>
      buildImages({ folder, shapes: ['tiny', 'multiarch'], scale: 0.001, roots })
    expect((await build()).map(({ cached }) => cached)).toEqual([false, false])
    expect((await build()).map(({ cached }) => cached)).toEqual([true, true])
    await utimes(join(roots[0]?.path ?? '', 'package-0', 'file-0.txt'), 1, 1)
    expect((await build()).map(({ cached }) => cached)).toEqual([false, false])
  })

  test('is not part of what images are made of', async () => {
    const roots = await inputTree()
    const folder = join(roots[0]?.path ?? '', '.cache', 'images')
    const build = (): Promise<readonly BuiltImage[]> =>
      buildImages({ folder, shapes: ['tiny', 'multiarch'], scale: 0.001, roots })
    const first = await build()
    expect(await build()).toEqual(first.map((image) => ({ ...image, cached: true })))
  })

  test('loses what nobody has used for a week', async () => {
    const [folder, roots] = [await temporaryFolder(), await inputTree()]
    const build = (): Promise<readonly BuiltImage[]> =>
      buildImages({ folder, shapes: ['tiny', 'multiarch'], scale: 0.001, roots })
    const [tiny, multiarch] = (await build()).map((image) => dirname(image.folder))
    await age(tiny, 8)
    await age(multiarch, 6)
    expect((await build()).map(({ cached }) => cached)).toEqual([false, true])
    expect((await stat(multiarch ?? '')).mtimeMs).toBeGreaterThan(Date.now() - 86_400_000) // used today
    await age(multiarch, 8)
    await buildImages({ folder, shapes: ['tiny'], scale: 0.001, roots })
    expect(await readdir(folder)).toEqual([basename(tiny ?? '')])
  })

  test('holds nothing of a build that was interrupted', async () => {
    const [folder, roots] = [await temporaryFolder(), await inputTree()]
    const controller = new AbortController()
    const build = buildImages({ folder, shapes: ['one-layer'], scale: 0.05, roots, signal: controller.signal })
    const reason = new Error('stop')
    setImmediate(() => controller.abort(reason))
    await expect(build).rejects.toBe(reason)
    expect(await readdir(folder)).toEqual([])
  })

  test('takes two builds of one image at the same time', async () => {
    const [folder, roots] = [await temporaryFolder(), await inputTree()]
    const build = (): Promise<readonly BuiltImage[]> => buildImages({ folder, shapes: ['many'], scale: 0.001, roots })
    const [[first], [second]] = await Promise.all([build(), build()])
    expect(second?.folder).toBe(first?.folder)
    expect(await readdir(folder)).toHaveLength(1)
    expect((await verifyLayout(first?.folder ?? '')).problems).toEqual([])
  })
})

describe('the content of', () => {
  test('demo: two platforms over one base', async () => {
    const image = await buildOne('demo', 0.001)
    const index = await document(image, image.digest)
    const manifests = index['manifests'] as Claim[]
    expect(manifests.map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'arm64'])
    const layers = await Promise.all(
      manifests.map(async ({ digest }) => (await document(image, digest))['layers'] as Claim[]),
    )
    const [amd64, arm64] = layers.map((list) => list.map(({ digest }) => digest))
    expect(amd64?.[0]).toBe(arm64?.[0])
    expect(amd64?.[1]).not.toBe(arm64?.[1])
    expect(amd64?.[2]).toBe(arm64?.[2])
  })

  test('incompressible: layers that packing does not make smaller', async () => {
    const image = await buildOne('incompressible', 0.005)
    const { layers } = await document(image, image.digest)
    const [layer] = layers as Claim[]
    const packed = await readFile(join(image.folder, 'blobs/sha256', layer?.digest.slice(7) ?? ''))
    expect(gzipSync(gunzipSync(packed)).byteLength).toBeGreaterThan(packed.byteLength * 0.99)
  })

  test('multi: a layer of very many files between large ones and a tiny one', async () => {
    const image = await buildOne('multi', 0.01)
    const { layers } = await document(image, image.digest)
    const sizes = (layers as Claim[]).map(({ size }) => size)
    expect(sizes).toHaveLength(4)
    expect(Math.min(...sizes)).toBe(sizes[3])
    const files = await readFile(join(image.folder, 'blobs/sha256', (layers as Claim[])[2]?.digest.slice(7) ?? ''))
    expect((await entriesOf(files)).size).toBe(320)
  })

  test('many: sixty different layers', async () => {
    const image = await buildOne('many', 0.005)
    const { layers } = await document(image, image.digest)
    expect(new Set((layers as Claim[]).map(({ digest }) => digest)).size).toBe(60)
  })

  test('multiarch: an attestation for each platform, and an SBOM that refers to the index', async () => {
    const image = await buildOne('multiarch', 0.001)
    const index = await document(image, image.digest)
    const [amd64, arm64, ...attestations] = index['manifests'] as Claim[]
    expect(attestations.map(({ platform }) => platform)).toEqual([
      { architecture: 'unknown', os: 'unknown' },
      { architecture: 'unknown', os: 'unknown' },
    ])
    expect(attestations.map(({ annotations }) => annotations?.['vnd.docker.reference.digest'])).toEqual([
      amd64?.digest,
      arm64?.digest,
    ])
    const layout = JSON.parse(await readFile(join(image.folder, 'index.json'), 'utf8')) as { manifests: Claim[] }
    const [named, sbom] = layout.manifests
    expect(named?.annotations).toEqual({ 'org.opencontainers.image.ref.name': 'latest' })
    expect(sbom?.artifactType).toBe('application/spdx+json')
    expect(sbom?.annotations).toBeUndefined()
    const artifact = await document(image, sbom?.digest ?? '')
    expect(artifact['subject']).toEqual({ mediaType: named?.mediaType, digest: image.digest, size: named?.size })
  })
})

test('a folder without a usable file is refused', async () => {
  const roots = [{ path: await temporaryFolder(), as: 'usr' }]
  const build = buildImages({ folder: await temporaryFolder(), shapes: ['tiny'], roots })
  await expect(build).rejects.toThrow('there is no readable file of the kind "small"')
})
