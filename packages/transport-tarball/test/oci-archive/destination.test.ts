import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { indexTar, openFile } from '@crossdock/archive'
import { bytesBody } from '@crossdock/core'
import {
  putImage,
  recordedBody,
  rootDescriptor,
  testArtifact,
  testImage,
  testIndex,
  withReferrers,
  writeImage,
} from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { ociArchiveTransport } from '../../src/index.ts'
import { blobPath } from '../archives.ts'
import { collect, readImage } from '../read-image.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const transport = ociArchiveTransport({ durability: 'fast' })
const image = testImage()

async function newFile(): Promise<string> {
  return join(await temporaryFolder(), 'a.tar')
}

async function pathsIn(file: string): Promise<string[]> {
  await using access = await openFile(file)
  return (await indexTar(access)).entries.map(({ path }) => path)
}

async function textOf(file: string, member: string): Promise<string> {
  await using access = await openFile(file)
  const { offset, size } = (await indexTar(access)).byPath.get(member)!
  return (await readFile(file)).toString('utf8', offset, offset + size)
}

describe('an OCI archive that is written', () => {
  it('has each blob once, then index.json and oci-layout, and the same bytes each time', async () => {
    const files = [await newFile(), await newFile()]
    for (const file of files) {
      await using destination = await transport.parseReference(`${file}:app`).openDestination!()
      await putImage(destination, image)
      await putImage(destination, image)
      await destination.commit()
    }
    const blobs = [...image.blobs.map(({ descriptor }) => descriptor.digest), image.root.digest].map(blobPath)
    expect(await pathsIn(files[0]!)).toEqual([...blobs, 'index.json', 'oci-layout'])
    expect((await readFile(files[1]!)).equals(await readFile(files[0]!))).toBe(true)
    expect(await textOf(files[0]!, 'oci-layout')).toBe('{"imageLayoutVersion":"1.0.0"}')
    expect(JSON.parse(await textOf(files[0]!, 'index.json'))).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ ...rootDescriptor(image), annotations: { 'org.opencontainers.image.ref.name': 'app' } }],
    })
  })

  it('has entries of fixed mode, owner and time', async () => {
    const file = await newFile()
    await writeImage(transport.parseReference(file), image)
    await using access = await openFile(file)
    for (const { mode, uid, gid, mtime } of (await indexTar(access)).entries) {
      expect({ mode, uid, gid, mtime }).toEqual({ mode: 0o644, uid: 0, gid: 0, mtime: 0 })
    }
  })

  it('finds blobs again that were put in this run, and no others', async () => {
    const file = await newFile()
    await writeImage(transport.parseReference(file), image)
    await using destination = await transport.parseReference(file).openDestination!()
    const { bytes, descriptor } = image.blobs[1]!
    expect(await destination.reuseBlob?.(descriptor)).toBeUndefined()
    await destination.putBlob(bytesBody(bytes), descriptor)
    expect(await destination.reuseBlob?.(descriptor)).toEqual({ blob: descriptor })
    expect(await destination.reuseBlob?.({ ...descriptor, size: 1 })).toBeUndefined()
    const body = recordedBody(bytesBody(bytes))
    await destination.putBlob(body, descriptor)
    expect(body.offsets).toEqual([])
  })

  it('is replaced as a whole', async () => {
    const file = await newFile()
    const reference = transport.parseReference(`${file}:app`)
    for (const written of [testImage({ seed: 'old' }), image]) await writeImage(reference, written)
    expect(await collect(transport.parseReference(file).tags())).toEqual(['app'])
    expect((await readImage(transport.parseReference(file))).manifest.digest).toBe(image.root.digest)
  })

  it('lists referrers beside the image, which still is the only one', async () => {
    const artifact = testArtifact({ subject: rootDescriptor(image) })
    const file = await newFile()
    const reference = transport.parseReference(file)
    await writeImage(reference, withReferrers(image, [artifact]))
    expect((await readImage(reference)).manifest.digest).toBe(image.root.digest)
    await using source = await reference.openSource()
    const referrers = await collect(source.referrers!(image.root.digest))
    expect(referrers).toMatchObject([
      { digest: artifact.root.digest, artifactType: 'application/vnd.example.artifact' },
    ])
    const tag = image.root.digest.replace(':', '-')
    expect(await collect(reference.tags())).toEqual([tag])
  })

  it('lists no referrer that is in the image’s index', async () => {
    const inner = testImage({ seed: 'inner' })
    const attestation = testArtifact({ subject: rootDescriptor(inner) })
    const index = testIndex({ entries: [inner, attestation] })
    const file = await newFile()
    await writeImage(transport.parseReference(`${file}:app`), index)
    expect(await collect(transport.parseReference(file).tags())).toEqual(['app'])
    await using source = await transport.parseReference(file).openSource()
    expect(await collect(source.referrers!(inner.root.digest))).toMatchObject([{ digest: attestation.root.digest }])
  })

  it('of a digest takes only what has it', async () => {
    const reference = transport.parseReference(`${await newFile()}:app@${image.root.digest}`)
    await using destination = await reference.openDestination!()
    const other = testImage({ seed: 'other' })
    await expect(putImage(destination, other)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
    await putImage(destination, image)
    await destination.commit()
    expect((await readImage(reference)).manifest.digest).toBe(image.root.digest)
  })

  it('takes nothing but manifests that it can give back, and nothing to commit', async () => {
    await using destination = await transport.parseReference(await newFile()).openDestination!()
    await expect(destination.commit()).rejects.toMatchObject({ code: 'INVALID_DATA' })
    const bytes = Buffer.from('{"schemaVersion":2}')
    const strange = { ...image.root, bytes, mediaType: 'application/json' }
    await expect(destination.putManifest(strange)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})
