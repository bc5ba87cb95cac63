import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { bytesBody, type BlobBody, type BlobHint, type ImageDestination } from '@crossdock/core'
import { OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST, parseManifest } from '@crossdock/formats'
import { type EngineOptions, startEngine, type TestEngine } from '@crossdock/test-engine'
import {
  faultyBody,
  randomBytes,
  recordedBody,
  testArtifact,
  testBlob,
  testImage,
  testManifest,
} from '@crossdock/transport-testkit'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type DockerDaemonTransport, type DockerDaemonTransportOptions, dockerDaemonTransport } from '../src/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

const image = testImage({ format: 'docker', compression: 'gzip', layerBytes: 300_000 })
const [config, base, top] = image.blobs

async function newEngine(options: EngineOptions = {}): Promise<TestEngine> {
  const engine = await startEngine(options)
  onTestFinished(() => engine[Symbol.asyncDispose]())
  return engine
}

function transportTo(engine: TestEngine, options: DockerDaemonTransportOptions = {}): DockerDaemonTransport {
  return dockerDaemonTransport({ host: engine.host, ...options })
}

function openDestination(transport: DockerDaemonTransport): Promise<ImageDestination> {
  return transport.parseReference('app:1').openDestination!()
}

async function putAll(destination: ImageDestination): Promise<void> {
  for (const { bytes, descriptor } of image.blobs) await destination.putBlob(bytesBody(bytes), descriptor)
  await destination.putManifest(image.root)
}

describe('an image that is written', () => {
  it('keeps its layers packed, in the order of the manifest, and leaves the disk alone', async () => {
    const engine = await newEngine({ store: 'containerd' })
    const tmpDir = join(await temporaryFolder(), 'not there')
    await using destination = await openDestination(transportTo(engine, { tmpDir }))
    for (const { bytes, descriptor } of [top!, config!, base!]) {
      await destination.putBlob(bytesBody(bytes), descriptor)
    }
    await destination.putManifest(image.root)
    await destination.commit()
    await using source = await transportTo(engine).parseReference('app:1').openSource()
    const parsed = parseManifest(await source.getManifest())
    expect(parsed).toMatchObject({
      config: { digest: config!.descriptor.digest },
      layers: [{ digest: base!.descriptor.digest }, { digest: top!.descriptor.digest }],
    })
  })

  it('is there after the commit and not before, and the request is whole then', async () => {
    const engine = await newEngine()
    await using destination = await openDestination(transportTo(engine))
    await putAll(destination)
    expect(engine.names()).toEqual([])
    await destination.commit()
    expect(engine.names()).toEqual(['docker.io/library/app:1'])
    await engine.idle()
    expect(engine.requests).toEqual([{ method: 'POST', url: '/images/load?quiet=0', isWhole: true }])
    await expect(destination.putBlob(bytesBody(randomBytes(10, 'late')), {})).rejects.toMatchObject({
      code: 'CONFLICT',
    })
    await expect(destination.commit()).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('breaks the request off when it is given up, and the engine has nothing', async () => {
    const engine = await newEngine()
    const destination = await openDestination(transportTo(engine))
    await putAll(destination)
    await vi.waitFor(() => expect(engine.requests).toHaveLength(1))
    await destination[Symbol.asyncDispose]()
    await engine.idle()
    expect(engine.requests).toMatchObject([{ isWhole: false }])
    expect(engine.names()).toEqual([])
  })

  it('is what the engine has found out, with the words of the engine', async () => {
    const engine = await newEngine()
    await using destination = await openDestination(transportTo(engine))
    const other = testBlob(new Uint8Array(gzipSync(randomBytes(2048, 'other'))), {
      mediaType: base!.descriptor.mediaType,
    })
    const layers = [other.descriptor, top!.descriptor]
    const manifest = JSON.parse(Buffer.from(image.root.bytes).toString())
    const bytes = Buffer.from(JSON.stringify({ ...manifest, layers }))
    const { descriptor } = testBlob(bytes)
    for (const blob of [config!, other, top!]) await destination.putBlob(bytesBody(blob.bytes), blob.descriptor)
    await destination.putManifest({ bytes, mediaType: image.root.mediaType, digest: descriptor.digest })
    await expect(destination.commit()).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringMatching(/^the engine at .* refused the image: invalid diffID for layer 0/),
    })
    expect(engine.names()).toEqual([])
  })
})

describe('an OCI image', () => {
  it('is taken as it is, packed with gzip, too', async () => {
    const layer = randomBytes(4096, 'gzip')
    const packed = testBlob(new Uint8Array(gzipSync(layer)), { mediaType: OCI_LAYER_GZIP })
    const rootfs = { type: 'layers', diff_ids: [testBlob(layer).descriptor.digest] }
    const made = testBlob(Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs })), {
      mediaType: OCI_CONFIG,
    })
    const manifest = testManifest(
      { schemaVersion: 2, mediaType: OCI_MANIFEST, config: made.descriptor, layers: [packed.descriptor] },
      { mediaType: OCI_MANIFEST },
    )
    const engine = await newEngine()
    await using destination = await openDestination(transportTo(engine))
    for (const blob of [packed, made]) await destination.putBlob(bytesBody(blob.bytes), blob.descriptor)
    await destination.putManifest(manifest)
    await destination.commit()
    expect(engine.names()).toHaveLength(1)
  })

  it('is none without a config of an image', async () => {
    const artifact = testArtifact()
    await using destination = await openDestination(transportTo(await newEngine()))
    for (const { bytes, descriptor } of artifact.blobs) await destination.putBlob(bytesBody(bytes), descriptor)
    await expect(destination.putManifest(artifact.root)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})

describe('a blob', () => {
  it('of unknown size is put into a file without a name before', async () => {
    const engine = await newEngine()
    const tmpDir = await temporaryFolder()
    await using destination = await openDestination(transportTo(engine, { tmpDir }))
    const { open } = bytesBody(base!.bytes)
    expect(await destination.putBlob({ open }, {})).toMatchObject({ digest: base!.descriptor.digest })
    expect(await readdir(tmpDir)).toEqual([])
    await putAll(destination)
    await destination.commit()
    expect(engine.names()).toHaveLength(1)
    await using nowhere = await openDestination(transportTo(engine, { tmpDir: join(tmpDir, 'not there') }))
    await expect(nowhere.putBlob({ open }, {})).rejects.toMatchObject({ code: 'IO' })
  })

  const { size, digest } = base!.descriptor
  const goesOn = { open: () => bytesBody(Buffer.concat([base!.bytes, Buffer.alloc(9)])).open() }
  const cutOff = { open: () => bytesBody(base!.bytes.subarray(0, 70_001)).open() }

  it.each<[string, BlobBody, BlobHint]>([
    ['that fails', faultyBody(bytesBody(base!.bytes), { failAfterBytes: 100_000 }), { size, digest }],
    ['that has other bytes', bytesBody(randomBytes(size, 'other')), { size, digest }],
    ['that is cut off', cutOff, { size, digest }],
    ['that is cut off and not known', cutOff, { size }],
    ['that goes on', goesOn, { size, digest }],
    ['that goes on and is not known', goesOn, { size }],
  ])('%s may be put again, and the image is whole', async (_, body, hint) => {
    const engine = await newEngine()
    await using destination = await openDestination(transportTo(engine))
    await expect(destination.putBlob(body, hint)).rejects.toMatchObject({
      code: expect.stringMatching(/^(DIGEST_MISMATCH|UNAVAILABLE)$/),
    })
    await putAll(destination)
    await destination.commit()
    expect(engine.names()).toHaveLength(1)
  })

  it('that is there is not read again', async () => {
    const engine = await newEngine()
    await using destination = await openDestination(transportTo(engine))
    await putAll(destination)
    const again = recordedBody(bytesBody(base!.bytes))
    await destination.putBlob(again, base!.descriptor)
    expect(again.offsets).toEqual([])
    const wrongSize = { ...base!.descriptor, size: 1 }
    await expect(destination.putBlob(again, wrongSize)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })
})

async function systemsOf(options: DockerDaemonTransportOptions): Promise<readonly string[] | undefined> {
  await using destination = await openDestination(dockerDaemonTransport(options))
  return destination.traits.systems
}

describe('images for other systems', () => {
  it.skipIf(process.platform === 'win32')('are nothing for the engine of this machine', async () => {
    expect(await systemsOf({})).toStrictEqual(['linux'])
  })

  it('are for another engine to judge', async () => {
    expect(await systemsOf({ host: 'tcp://engine.example:2375' })).toBeUndefined()
  })
})
