import { chmod, mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestAlgorithm, digestEncoded } from '@crossdock/core'
import { type Capability, runTransportCases, type TransportFixture } from '@crossdock/transport-testkit'
import { describe, it } from 'vitest'
import { openStore, storeTransport } from '../../src/index.ts'

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
  readonly namespace?: string
  readonly durability?: 'durable' | 'fast'
  readonly format?: TransportFixture['format']
}

const CONFIGURATIONS: readonly Configuration[] = [
  { title: 'the namespace that the layout shows', durability: 'durable' },
  { title: 'another namespace, docker manifests', namespace: 'other', durability: 'fast', format: 'docker' },
]

for (const configuration of CONFIGURATIONS) {
  runTransportCases({
    test: it,
    describe,
    title: `transport contract: ${configuration.title}`,
    capabilities: CAPABILITIES,
    fixture: () => createFixture(configuration),
  })
}

async function createFixture({ namespace, durability, format }: Configuration): Promise<TransportFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'crossdock-store-'))
  await using _created = await openStore({ folder, durability }) // what is read from has to be there
  const transport = storeTransport({ folder, namespace, durability })
  let count = 0
  return {
    transport,
    emptyLocation: async () => transport.parseReference(`registry.example/images/number-${count++}:tag`),
    validReferences: [
      'alpine',
      'alpine:3.20',
      'registry.example:5000/a/b:t',
      `alpine@sha256:${'0'.repeat(64)}`,
      `alpine:3.20@sha256:${'0'.repeat(64)}`,
      `sha256:${'0'.repeat(64)}`,
      'Not/Docker_Name',
    ],
    invalidReferences: ['', ':t', 'a b', 'alpine@', 'alpine@sha256:0', 'sha256:0', `@sha256:${'0'.repeat(64)}`],
    policyScopes: {
      valid: ['registry.example/a:t', 'registry.example', '*.example.com', 'docker.io/library/alpine'],
      invalid: ['alpine', '/etc', 'registry.example/A'],
    },
    ...(format !== undefined && { format }),
    tagOf: () => 'tag',
    neighbour: (reference, tag) => transport.parseReference(reference.toString().replace(/:tag$/, `:${tag}`)),
    async corrupt(_reference, digest) {
      const path = join(folder, 'blobs', digestAlgorithm(digest), digestEncoded(digest))
      await chmod(path, 0o644)
      const file = await open(path, 'r+')
      const byte = Buffer.alloc(1)
      await file.read(byte, 0, 1, 0)
      await file.write(Buffer.from([byte[0]! ^ 1]), 0, 1, 0)
      await file.close()
    },
    leftovers: async () => {
      const names = await readdir(join(folder, '.crossdock'), { recursive: true })
      return names.filter((name) => /(?:^|\/)(?:new|claim)\./.test(name))
    },
    async dispose() {
      await transport.close?.()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
