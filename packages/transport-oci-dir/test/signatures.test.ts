import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  bytesBody,
  type Digest,
  digestEncoded,
  digestOf,
  type ImageDestination,
  type ManifestBytes,
  type Signature,
  type SigstoreSignature,
} from '@crossdock/core'
import {
  attachmentTag,
  bundleArtifact,
  COSIGN_SIGNATURE,
  MAX_SIGNATURE_BYTES,
  OCI_MANIFEST,
  parseManifest,
  referrersTag,
  SIMPLE_SIGNATURES,
} from '@crossdock/formats'
import {
  rootDescriptor,
  testArtifact,
  testImage,
  testIndex,
  type TestImage,
  writeImage,
} from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { ociDirTransport } from '../src/index.ts'
import { collect } from './collect.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { strayFiles, wrongBlobs } from './verify-layout.ts'

const oci = ociDirTransport({ durability: 'fast' })
const IMAGE = testImage()
const BUNDLE: SigstoreSignature = {
  format: 'sigstore',
  mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
  bytes: encode('{"bundle":1}'),
  annotations: { 'dev.sigstore.bundle.content': 'dsse-envelope' },
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function simple(text: string): Signature {
  return { format: 'simple', bytes: encode(text) }
}

function cosign(text: string): Signature {
  return { format: 'sigstore', mediaType: COSIGN_SIGNATURE, bytes: encode(text), annotations: { a: text } }
}

async function openDestination(name: string): Promise<ImageDestination> {
  const destination = await oci.parseReference(name).openDestination?.()
  if (destination === undefined) throw new TypeError(`${name} cannot be written to`)
  return destination
}

async function putImage(destination: ImageDestination, image: TestImage): Promise<void> {
  for (const { bytes, descriptor } of image.blobs) await destination.putBlob(bytesBody(bytes), descriptor)
  for (const manifest of image.manifests) {
    await destination.putManifest(manifest, manifest === image.root ? {} : { instance: manifest.digest })
  }
}

async function writeSigned(name: string, image: TestImage, signatures: readonly Signature[]): Promise<void> {
  await using destination = await openDestination(name)
  await putImage(destination, image)
  await destination.putSignatures?.(signatures)
  await destination.commit()
}

async function read(name: string, instance?: Digest): Promise<readonly string[]> {
  await using source = await oci.parseReference(name).openSource()
  return (await source.getSignatures(instance)).map(({ bytes }) => new TextDecoder().decode(bytes))
}

async function names(folder: string): Promise<readonly string[]> {
  return await collect(oci.parseReference(folder).tags())
}

async function blobs(folder: string): Promise<readonly string[]> {
  return (await readdir(join(folder, 'blobs/sha256'))).toSorted()
}

/** The names of all blobs that `index.json` leads to, referrers included. */
async function reached(folder: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const visit = async (digest: string): Promise<void> => {
    if (found.has(digest)) return
    found.add(digest)
    const text = await readFile(join(folder, 'blobs/sha256', digest), 'utf8')
    if (!/^\{\s*"schemaVersion"/.test(text)) return
    for (const [, hex = ''] of text
      .replace(/"subject":\{[^}]*\}/, '')
      .matchAll(/"digest": ?"sha256:([0-9a-f]{64})"/g)) {
      await visit(hex)
    }
  }
  const index = await readFile(join(folder, 'index.json'), 'utf8')
  for (const [, hex = ''] of index.matchAll(/"digest": ?"sha256:([0-9a-f]{64})"/g)) await visit(hex)
  return found
}

describe('signatures in a layout', () => {
  it('lie under the name of cosign, and in artifacts that name what is signed', async () => {
    const folder = await temporaryFolder()
    await writeSigned(`${folder}:t`, IMAGE, [cosign('1'), simple('2'), BUNDLE, simple('3'), cosign('4')])
    expect(await names(folder)).toEqual(['t', referrersTag(IMAGE.root.digest), attachmentTag(IMAGE.root.digest, 'sig')])
    await using source = await oci.parseReference(`${folder}:t`).openSource()
    const referrers = await collect(source.referrers?.(IMAGE.root.digest))
    expect(referrers.map(({ artifactType, tag }) => artifactType ?? tag)).toEqual([
      attachmentTag(IMAGE.root.digest, 'sig'),
      SIMPLE_SIGNATURES,
      'application/vnd.dev.sigstore.bundle.v0.3+json',
    ])
    expect(await read(`${folder}:t`)).toEqual(['2', '3', '{"bundle":1}', '1', '4'])
    expect(await wrongBlobs(folder)).toEqual([])
    expect(await strayFiles(folder)).toEqual([])
    expect(await blobs(folder)).toEqual([...(await reached(folder))].toSorted())
  })

  it('are added to, and none comes twice', async () => {
    const folder = await temporaryFolder()
    await writeSigned(`${folder}:t`, IMAGE, [simple('1'), cosign('2'), BUNDLE])
    await writeSigned(`${folder}:t`, IMAGE, [simple('1'), BUNDLE])
    await writeSigned(`${folder}:t`, IMAGE, [simple('3'), cosign('4'), cosign('2'), BUNDLE])
    expect(await read(`${folder}:t`)).toEqual(['{"bundle":1}', '1', '3', '2', '4'])
    await using source = await oci.parseReference(`${folder}:t`).openSource()
    expect(await collect(source.referrers?.(IMAGE.root.digest))).toHaveLength(3)
  })

  it('of two writers are all there', async () => {
    const folder = await temporaryFolder()
    const texts = ['1', '2', '3', '4']
    await Promise.all(texts.map((text) => writeSigned(`${folder}:t${text}`, IMAGE, [simple(text), cosign(text)])))
    expect((await read(`${folder}:t1`)).toSorted()).toEqual([...texts, ...texts].toSorted())
  })

  it('that come under a tag stay as they are, byte for byte', async () => {
    const folder = await temporaryFolder()
    const tag = attachmentTag(IMAGE.root.digest, 'sig')
    const attached = withLayers([cosign('1')], '"history":[]')
    await using destination = await openDestination(`${folder}:t`)
    await putImage(destination, IMAGE)
    for (const { descriptor, bytes } of attached.blobs) await destination.putBlob(bytesBody(bytes), descriptor)
    await destination.putManifest(attached.root, { instance: attached.root.digest, tag })
    await destination.putSignatures?.([cosign('1')])
    await destination.commit()
    await using source = await oci.parseReference(`${folder}:t`).openSource()
    expect(await collect(source.referrers?.(IMAGE.root.digest))).toEqual([{ ...rootDescriptor(attached), tag }])
    expect(await read(`${folder}:t`)).toEqual(['1'])
    await writeSigned(`${folder}:t`, IMAGE, [cosign('2')])
    expect(await read(`${folder}:t`)).toEqual(['1', '2'])
  })

  it('that are under the tag stay when others come under it', async () => {
    const folder = await temporaryFolder()
    const tag = attachmentTag(IMAGE.root.digest, 'sig')
    const attached = withLayers([cosign('2')], '"history":[]')
    await writeSigned(`${folder}:t`, IMAGE, [cosign('1')])
    for (const _ of ['once', 'again']) {
      await using destination = await openDestination(`${folder}:t`)
      await putImage(destination, IMAGE)
      for (const { descriptor, bytes } of attached.blobs) await destination.putBlob(bytesBody(bytes), descriptor)
      await destination.putManifest(attached.root, { instance: attached.root.digest, tag })
      await destination.commit()
      expect(await read(`${folder}:t`)).toEqual(['1', '2'])
    }
    expect(await wrongBlobs(folder)).toEqual([])
  })

  it('are found where others put them into index.json itself', async () => {
    const folder = await temporaryFolder()
    await writeImage(oci.parseReference(`${folder}:t`), IMAGE)
    const bundle = bundleArtifact(BUNDLE, rootDescriptor(IMAGE))
    for (const { descriptor, bytes } of bundle.blobs) {
      await writeFile(join(folder, 'blobs/sha256', digestEncoded(descriptor.digest)), bytes)
    }
    await writeFile(join(folder, 'blobs/sha256', digestEncoded(bundle.manifest.digest)), bundle.manifest.bytes)
    const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as { manifests: object[] } // written here
    const { mediaType, digest, bytes } = bundle.manifest
    index.manifests.push({ mediaType, digest, size: bytes.byteLength, artifactType: BUNDLE.mediaType })
    await writeFile(join(folder, 'index.json'), JSON.stringify(index))
    expect(await read(`${folder}:t`)).toEqual(['{"bundle":1}'])
  })

  it('do not stand in the way of reading the only image without a name', async () => {
    const folder = await temporaryFolder()
    await writeSigned(folder, IMAGE, [simple('1'), cosign('2')])
    expect(await read(folder)).toEqual(['1', '2'])
    const again = await temporaryFolder()
    await writeSigned(again, IMAGE, [cosign('2')])
    await oci.parseReference(again).delete()
    expect(await blobs(again)).toEqual([])
  })
})

describe('what is no longer there', () => {
  it('takes its signatures and what refers to it along when it is deleted', async () => {
    const folder = await temporaryFolder()
    const index = testIndex()
    const [instance] = index.manifests
    const sbom = testArtifact({ seed: 'sbom', subject: rootDescriptor(index) })
    const ofSbom = testArtifact({ seed: 'of the sbom', subject: rootDescriptor(sbom) })
    const other = testImage({ seed: 'other' })
    await writeSigned(`${folder}:other`, other, [simple('other'), cosign('other')])
    const before = await blobs(folder)
    {
      await using destination = await openDestination(`${folder}:t`)
      for (const image of [sbom, ofSbom, index]) {
        for (const { descriptor, bytes } of image.blobs) await destination.putBlob(bytesBody(bytes), descriptor)
      }
      for (const { root } of [sbom, ofSbom]) await destination.putManifest(root, { instance: root.digest })
      await putImage(destination, index)
      await destination.putSignatures?.([simple('1'), cosign('2')], instance?.digest)
      await destination.putSignatures?.([simple('3'), cosign('4')])
      await destination.commit()
    }
    await oci.parseReference(`${folder}:t`).delete()
    expect(await names(folder)).toEqual([
      'other',
      referrersTag(other.root.digest),
      attachmentTag(other.root.digest, 'sig'),
    ])
    expect(await read(`${folder}:other`)).toEqual(['other', 'other'])
    expect((await blobs(folder)).filter((name) => !before.includes(name))).toEqual([])
  })

  it('leaves no entries behind when its name is written anew', async () => {
    const folder = await temporaryFolder()
    await writeSigned(`${folder}:t`, IMAGE, [simple('1'), cosign('2')])
    await writeSigned(`${folder}:same`, IMAGE, [])
    const next = testImage({ seed: 'next' })
    await writeSigned(`${folder}:t`, next, [cosign('3')])
    expect(await read(`${folder}:same`)).toEqual(['1', '2'])
    await writeSigned(`${folder}:same`, next, [])
    expect(await names(folder)).toEqual(['t', 'same', attachmentTag(next.root.digest, 'sig')])
    expect(await read(`${folder}:t`)).toEqual(['3'])
  })
})

describe('what is wrong', () => {
  it('is refused when it is put', async () => {
    const folder = await temporaryFolder()
    await using destination = await openDestination(`${folder}:t`)
    await expect(destination.putSignatures?.([simple('1')])).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await putImage(destination, IMAGE)
    const large: Signature = { format: 'simple', bytes: new Uint8Array(MAX_SIGNATURE_BYTES + 1) }
    await expect(destination.putSignatures?.([large])).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  it.each([
    [
      'a layer that has another size',
      [{ mediaType: COSIGN_SIGNATURE, digest: digestOf(encode('1')), size: 2 }],
      'DIGEST_MISMATCH',
    ],
    [
      'a layer that is damaged',
      [{ mediaType: COSIGN_SIGNATURE, digest: digestOf(encode('damaged')), size: 1 }],
      'DIGEST_MISMATCH',
    ],
    [
      'a layer that is not there',
      [{ mediaType: COSIGN_SIGNATURE, digest: digestOf(encode('2')), size: 1 }],
      'NOT_FOUND',
    ],
    [
      'a layer without end',
      [{ mediaType: COSIGN_SIGNATURE, digest: digestOf(encode('1')), size: 2 ** 40 }],
      'LIMIT_EXCEEDED',
    ],
    [
      '10,000 layers',
      Array.from({ length: 10_000 }, () => ({ mediaType: COSIGN_SIGNATURE, digest: digestOf(encode('1')), size: 1 })),
      'LIMIT_EXCEEDED',
    ],
    ['no layers', 'none', 'INVALID_DATA'],
  ])('is refused when it is read: %s', async (_case, layers, code) => {
    const folder = await temporaryFolder()
    await writeImage(oci.parseReference(`${folder}:t`), IMAGE)
    const root = documentOf({ layers })
    await writeFile(join(folder, 'blobs/sha256', digestEncoded(digestOf(encode('1')))), '1')
    await writeFile(join(folder, 'blobs/sha256', digestEncoded(digestOf(encode('damaged')))), '1')
    await writeFile(join(folder, 'blobs/sha256', digestEncoded(root.digest)), root.bytes)
    const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as { manifests: object[] } // written here
    index.manifests.push({
      mediaType: OCI_MANIFEST,
      digest: root.digest,
      size: root.bytes.byteLength,
      annotations: { 'org.opencontainers.image.ref.name': attachmentTag(IMAGE.root.digest, 'sig') },
    })
    await writeFile(join(folder, 'index.json'), JSON.stringify(index))
    await expect(read(`${folder}:t`)).rejects.toMatchObject({ code })
  })
})

function documentOf(members: object): ManifestBytes {
  const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(encode('{}')), size: 2 }
  const bytes = encode(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, ...members }))
  return { bytes, mediaType: OCI_MANIFEST, digest: digestOf(bytes) }
}

/** Attachments as another program writes them. */
function withLayers(signatures: readonly Signature[], more: string): TestImage {
  const config = encode(`{"architecture":"","os":"",${more},"rootfs":{"type":"layers","diff_ids":[]}}`)
  const mediaType = 'application/vnd.oci.image.config.v1+json'
  const layers = signatures.map((signature) => ({
    descriptor: { mediaType: COSIGN_SIGNATURE, digest: digestOf(signature.bytes), size: signature.bytes.byteLength },
    bytes: signature.bytes,
  }))
  const configBlob = { descriptor: { mediaType, digest: digestOf(config), size: config.byteLength }, bytes: config }
  const root = documentOf({
    config: configBlob.descriptor,
    layers: layers.map(({ descriptor }, position) => {
      const signature = signatures[position]
      return { ...descriptor, annotations: signature?.format === 'sigstore' ? signature.annotations : {} }
    }),
  })
  expect(parseManifest(root).kind).toBe('image')
  return { root, manifests: [root], blobs: [configBlob, ...layers] }
}
