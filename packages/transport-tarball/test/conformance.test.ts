import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { indexTar, openFile } from '@crossdock/archive'
import { bytesBody, type Digest, type ImageReference, type ImageTransport } from '@crossdock/core'
import {
  runTransportCases,
  wrapTransport,
  type Capability,
  type TestBlob,
  type TestImage,
  type TransportFixture,
} from '@crossdock/transport-testkit'
import { describe, it } from 'vitest'
import {
  aciTransport,
  type ArchiveTransportOptions,
  dockerArchiveTransport,
  ociArchiveTransport,
  tarballTransport,
} from '../src/index.ts'

const ARCHIVE: readonly Capability[] = ['readable', 'writable', 'taggable', 'replaceable']
const OCI_ARCHIVE: readonly Capability[] = [
  ...ARCHIVE,
  'referrers',
  'reuse',
  'exactManifests',
  'indexes',
  'artifacts',
  'sha512',
  'signatures',
]

const UNNAMED = { 'tags/lists': 'an image without a name is in no list of names' }
const ANEW = { 'destination/reuse-blob': 'an archive is written anew: what the old one held is not taken over' }

runTransportCases({
  test: it,
  describe,
  title: 'oci-archive: a name in an archive',
  capabilities: OCI_ARCHIVE,
  fixture: () => ociFixture({ suffix: ':tag' }),
  knownFailures: ANEW,
})

runTransportCases({
  test: it,
  describe,
  title: 'oci-archive: the only image of an archive, of docker manifests',
  capabilities: OCI_ARCHIVE,
  fixture: () => ociFixture({ suffix: '', format: 'docker', options: { durability: 'fast' } }),
  knownFailures: { ...ANEW, ...UNNAMED },
})

runTransportCases({
  test: it,
  describe,
  title: 'docker-archive: a name in an archive',
  capabilities: ARCHIVE,
  fixture: () => dockerFixture({ suffix: ':app:1' }),
})

runTransportCases({
  test: it,
  describe,
  title: 'docker-archive: the only image of an archive',
  capabilities: ARCHIVE,
  fixture: () => dockerFixture({ suffix: '', options: { durability: 'fast' } }),
  knownFailures: UNNAMED,
})

runTransportCases({ test: it, describe, title: 'tarball:', capabilities: ['readable'], fixture: tarballFixture })

runTransportCases({
  test: it,
  describe,
  title: 'aci:',
  capabilities: [],
  fixture: aciFixture,
  knownFailures: {
    'transport/capability-is-a-method':
      'it reads and writes, but an image is made anew each time, so that no blob comes back; test/aci looks at that',
  },
})

interface Place extends Pick<TransportFixture, 'emptyLocation' | 'leftovers' | 'dispose'> {
  readonly folder: string
}

/** Files in a folder of their own. */
async function createPlace(transport: ImageTransport, suffix: string): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'crossdock-tarball-'))
  let count = 0
  return {
    folder,
    emptyLocation: async () => transport.parseReference(join(folder, `archive-${count++}.tar`) + suffix),
    leftovers: async () => (await readdir(folder)).filter((name) => !/^archive-\d+\.tar$/.test(name)),
    dispose: () => rm(folder, { recursive: true, force: true }),
  }
}

interface Configuration {
  readonly suffix: string
  readonly format?: TransportFixture['format']
  readonly options?: ArchiveTransportOptions
}

async function ociFixture({ suffix, format, options }: Configuration): Promise<TransportFixture> {
  const transport = ociArchiveTransport(options)
  return {
    transport,
    ...(await createPlace(transport, suffix)),
    validReferences: ['/a.tar', '/a.tar:t', '/a.tar:a/b:1', '/a.tar:@0', `/a.tar@sha256:${'0'.repeat(64)}`, './a.tar'],
    invalidReferences: ['', ':t', '/a.tar:@-1', '/a.tar:a b', '/a.tar:a..b', '/a.tar@sha256:0'],
    policyScopes: { valid: ['/etc', '/etc/a.tar:tag'], invalid: ['etc', '/', '/a//b', '/a/../b', '/a/'] },
    ...(format !== undefined && { format }),
    tagOf: () => suffix.slice(1),
    corrupt: (reference, digest) => corrupt(transport.parseReference(reference.toString()).file, `/${hexOf(digest)}`),
  }
}

async function dockerFixture({ suffix, options }: Configuration): Promise<TransportFixture> {
  const transport = withMadeManifests(dockerArchiveTransport(options))
  return {
    transport,
    ...(await createPlace(transport, suffix)),
    format: 'docker',
    validReferences: ['/a.tar', '/a.tar:app', '/a.tar:app:1', '/a.tar:example.com:5000/app:1', '/a.tar:@0', './a.tar'],
    invalidReferences: ['', ':app', '/a.tar:', '/a.tar:@-1', '/a.tar:App', `/a.tar:app@sha256:${'0'.repeat(64)}`],
    policyScopes: { valid: [], invalid: ['/etc', 'docker.io/library/app', '/', '*'] },
    tagOf: () => `docker.io/library${suffix.replace(':', '/')}`,
  }
}

/** What is seeded is an image that is made of the tar files that are its layers. */
async function tarballFixture(): Promise<TransportFixture> {
  const transport = tarballTransport()
  const place = await createPlace(transport, '')
  let count = 0
  const seeded = async ({ blobs, root }: TestImage): Promise<ImageReference> => {
    const [config, ...layers] = blobs
    const paths = layers.map((_, index) => join(place.folder, `layer-${count++}-${index}.tar`))
    for (const [index, { bytes }] of layers.entries()) await writeFile(paths[index]!, bytes)
    return withConfig(transport, { config: config!, root: root.digest }).parseReference(paths.join(':'))
  }
  return {
    transport,
    emptyLocation: place.emptyLocation,
    ...(place.dispose !== undefined && { dispose: place.dispose }),
    seeded,
    validReferences: ['/a.tar', '/a.tar:/b.tar', '/b.tar:/a.tar', 'C:\\a.tar:D:/b.tar', './a.tar', '-'],
    invalidReferences: ['', ':', '/a.tar:', ':/a.tar', '/a.tar::/b.tar', '-:/a.tar', '/a.tar:-'],
    policyScopes: { valid: [], invalid: ['/etc', '/', '*'] },
  }
}

async function aciFixture(): Promise<TransportFixture> {
  const transport = aciTransport()
  return {
    transport,
    ...(await createPlace(transport, '')),
    validReferences: ['/a.aci', '/a.aci:example.com/app', '/a.aci:app:1.0', 'C:\\a.aci:app', './a.aci', '-', '-:app'],
    invalidReferences: [
      '',
      ':app',
      '/a.aci:',
      '/a.aci:App',
      '/a.aci:a/../b',
      '/a.aci:app:',
      '/a.aci:app:1:2',
      '/a:b c',
    ],
    policyScopes: { valid: ['/etc', '/etc/a.aci'], invalid: ['etc', '/', '/a//b', '/a/../b', '/a/'] },
  }
}

/** The archive keeps no manifest; what the source makes is what the one that was put has become. */
function withMadeManifests(transport: ImageTransport): ImageTransport {
  const put = new Set<Digest>()
  return wrapTransport(transport, {
    destination: (destination) => ({
      ...destination,
      async putManifest(manifest, options) {
        await destination.putManifest(manifest, options)
        put.add(manifest.digest)
      },
    }),
    source: (source) => ({
      ...source,
      getManifest: (instance, options) =>
        source.getManifest(instance !== undefined && put.has(instance) ? undefined : instance, options),
    }),
  })
}

/** Manifest and config are made; here the config of the image stands for that, as what is in the files is only its layers. */
function withConfig(
  transport: ImageTransport,
  { config, root }: { readonly config: TestBlob; readonly root: Digest },
): ImageTransport {
  return wrapTransport(transport, {
    source: (source) => ({
      ...source,
      getManifest: (instance, options) => source.getManifest(instance === root ? undefined : instance, options),
      async getBlob(blob, options) {
        if (blob.digest !== config.descriptor.digest) return await source.getBlob(blob, options)
        options?.signal?.throwIfAborted()
        const chunks = bytesBody(config.bytes).open(options?.offset, options?.end)
        return {
          size: config.bytes.byteLength,
          [Symbol.asyncIterator]: () => chunks[Symbol.asyncIterator](),
          async [Symbol.asyncDispose]() {},
        }
      },
    }),
  })
}

function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1)
}

/** Changes the first byte of a member. */
async function corrupt(file: string, ending: string): Promise<void> {
  const offset = await offsetOf(file, ending)
  const handle = await open(file, 'r+')
  const byte = Buffer.alloc(1)
  await handle.read(byte, 0, 1, offset)
  await handle.write(Buffer.from([byte[0]! ^ 1]), 0, 1, offset)
  await handle.close()
}

async function offsetOf(file: string, ending: string): Promise<number> {
  await using access = await openFile(file)
  const { entries } = await indexTar(access)
  return entries.find(({ path }) => path.endsWith(ending))!.offset
}
