import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runTransportCases, type TransportFixture } from '@crossdock/transport-testkit'
import { describe, it } from 'vitest'
import { dirTransport, type DirTransportOptions } from '../src/index.ts'
import { fileName, strayFiles } from './content.ts'

interface Configuration {
  readonly title: string
  readonly options: DirTransportOptions
  readonly format?: TransportFixture['format']
}

const CONFIGURATIONS: readonly Configuration[] = [
  { title: 'by default', options: {} },
  { title: 'docker manifests, not flushed', options: { durability: 'fast' }, format: 'docker' },
]

for (const configuration of CONFIGURATIONS) {
  runTransportCases({
    test: it,
    describe,
    title: `transport contract: ${configuration.title}`,
    capabilities: [
      'readable',
      'writable',
      'blobSize',
      'resumable',
      'reuse',
      'findBlob',
      'hasManifest',
      'signatures',
      'exactManifests',
      'indexes',
      'artifacts',
      'schema1',
      'sha512',
      'replaceable',
    ],
    fixture: () => createFixture(configuration),
  })
}

async function createFixture({ options, format }: Configuration): Promise<TransportFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'crossdock-dir-'))
  const transport = dirTransport(options)
  let count = 0
  return {
    transport,
    emptyLocation: async () => transport.parseReference(join(folder, `image-${count++}`)),
    validReferences: ['/d', './d', 'd', '/d:t', '/d/', `/d@sha256:${'0'.repeat(64)}`, 'C:\\d'],
    invalidReferences: ['', 'a\0b'],
    policyScopes: {
      valid: ['/etc', '/etc/x', '/etc/x:tag'],
      invalid: ['etc', '/', '/a//b', '/a/../b', '/a/./b', '/a/'],
    },
    ...(format !== undefined && { format }),
    async corrupt(reference, digest) {
      const root = transport.parseReference(reference.toString()).folder
      const names = [fileName(digest), `${fileName(digest)}.manifest.json`, 'manifest.json']
      const found = await Promise.all(names.map((name) => stat(join(root, name)).catch(() => undefined)))
      const file = await open(join(root, names[found.findIndex((one) => one !== undefined)]!), 'r+')
      const byte = Buffer.alloc(1)
      await file.read(byte, 0, 1, 0)
      await file.write(Buffer.from([byte[0]! ^ 1]), 0, 1, 0)
      await file.close()
    },
    leftovers: (reference) => strayFiles(transport.parseReference(reference.toString()).folder),
    dispose: () => rm(folder, { recursive: true, force: true }),
  }
}
