import { mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestAlgorithm, digestEncoded } from '@crossdock/core'
import { runTransportCases, type Capability, type TransportFixture } from '@crossdock/transport-testkit'
import { describe, it } from 'vitest'
import { ociDirTransport, type OciDirTransportOptions } from '../src/index.ts'
import { strayFiles } from './verify-layout.ts'

const CAPABILITIES: readonly Capability[] = [
  'readable',
  'writable',
  'deletable',
  'taggable',
  'referrers',
  'resumable',
  'reuse',
  'findBlob',
  'hasManifest',
  'signatures',
  'exactManifests',
  'indexes',
  'artifacts',
  'sha512',
  'replaceable',
]

interface Configuration {
  readonly title: string
  readonly options: OciDirTransportOptions
  /** What is typed behind the folder. */
  readonly suffix: string
  readonly format?: TransportFixture['format']
}

const CONFIGURATIONS: readonly Configuration[] = [
  { title: 'a name in a layout', options: {}, suffix: ':tag' },
  { title: 'the only image of a layout', options: { durability: 'fast' }, suffix: '' },
  { title: 'docker manifests', options: {}, suffix: ':tag', format: 'docker' },
]

for (const configuration of CONFIGURATIONS) {
  runTransportCases({
    test: it,
    describe,
    title: `transport contract: ${configuration.title}`,
    capabilities: CAPABILITIES.filter((capability) => capability !== 'replaceable' || configuration.suffix !== ''),
    fixture: () => createFixture(configuration),
    knownFailures:
      configuration.suffix === '' ? { 'tags/lists': 'an image without a name is in no list of names' } : {},
  })
}

async function createFixture({ options, suffix, format }: Configuration): Promise<TransportFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'crossdock-oci-dir-'))
  const transport = ociDirTransport(options)
  let count = 0
  const folderOf = (text: string): string => transport.parseReference(text).folder
  return {
    transport,
    emptyLocation: async () => transport.parseReference(join(folder, `layout-${count++}`) + suffix),
    validReferences: ['/l', '/l:t', '/l:a/b:1', '/l:@0', `/l@sha256:${'0'.repeat(64)}`, './l'],
    invalidReferences: ['', ':t', '/l:@-1', '/l:a b', '/l:a..b', '/l@sha256:0'],
    policyScopes: { valid: ['/etc', '/etc/x:tag'], invalid: ['etc', '/', '/a//b', '/a/../b', '/a/'] },
    ...(format !== undefined && { format }),
    tagOf: () => suffix.slice(1),
    // Beside another image, one without a name is no longer the only one that a bare path can mean.
    ...(suffix !== '' && {
      neighbour: (reference, tag) => transport.parseReference(`${folderOf(reference.toString())}:${tag}`),
    }),
    async corrupt(reference, digest) {
      const path = join(folderOf(reference.toString()), 'blobs', digestAlgorithm(digest), digestEncoded(digest))
      const file = await open(path, 'r+')
      const byte = Buffer.alloc(1)
      await file.read(byte, 0, 1, 0)
      await file.write(Buffer.from([byte[0]! ^ 1]), 0, 1, 0)
      await file.close()
    },
    leftovers: async (reference) => {
      const root = folderOf(reference.toString())
      return (await readdir(root).catch(() => [])).length === 0 ? [] : await strayFiles(root)
    },
    dispose: () => rm(folder, { recursive: true, force: true }),
  }
}
