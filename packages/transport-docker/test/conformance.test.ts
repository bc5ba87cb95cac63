import {
  memoryStorage,
  type RegistryServer,
  type RegistryServerOptions,
  startRegistry,
} from '@crossdock/registry-server'
import { runTransportCases, type Capability, type TransportFixture } from '@crossdock/transport-testkit'
import { describe, it } from 'vitest'
import { dockerTransport, memoryJournal, type DockerTransportOptions, type RegistryLookup } from '../src/index.ts'
import { memorySignatures } from './memory-signatures.ts'

const CAPABILITIES: readonly Capability[] = [
  'readable',
  'writable',
  'deletable',
  'taggable',
  'blobSize',
  'referrers',
  'resumable',
  'reuse',
  'findBlob',
  'hasManifest',
  'exactManifests',
  'indexes',
  'artifacts',
  'schema1',
  'sha512',
  'replaceable',
]

interface Configuration {
  readonly title: string
  readonly server?: RegistryServerOptions
  readonly options?: Omit<DockerTransportOptions, 'hosts'>
  /** Chunks from this size on. Default: the transport's. */
  readonly chunkFromBytes?: number
  readonly format?: TransportFixture['format']
  /** Whether there is a place for them. */
  readonly signatures?: boolean
  /** Before the registry itself. */
  readonly mirror?: 'whole' | 'empty'
}

const CONFIGURATIONS: readonly Configuration[] = [
  { title: 'a registry of its own kind' },
  { title: 'docker manifests', format: 'docker' },
  { title: 'everything in chunks', chunkFromBytes: 1 },
  { title: 'no referrers API', server: { referrersApi: false } },
  {
    title: 'tokens',
    server: { auth: { kind: 'token', users: { gordon: 'pass word' } }, absoluteLocations: true },
    options: { credentials: { username: 'gordon', password: 'pass word' } },
  },
  { title: 'sigstore signatures beside the image', options: { sigstoreAttachments: true }, signatures: true },
  {
    title: 'simple signatures in a storage',
    options: { signatureStorage: memorySignatures() },
    format: 'docker',
    signatures: true,
  },
  {
    title: 'both, and no referrers API',
    server: { referrersApi: false },
    options: { signatureStorage: memorySignatures(), sigstoreAttachments: async () => true },
    signatures: true,
  },
  { title: 'a mirror that has everything', mirror: 'whole' },
  { title: 'a mirror that has nothing', mirror: 'empty' },
]

for (const configuration of CONFIGURATIONS) {
  runTransportCases({
    test: it,
    describe,
    title: `transport contract: ${configuration.title}`,
    capabilities: configuration.signatures === true ? [...CAPABILITIES, 'signatures'] : CAPABILITIES,
    fixture: () => createFixture(configuration),
  })
}

const DIGEST = `sha256:${'0'.repeat(64)}`

async function createFixture(configuration: Configuration): Promise<TransportFixture> {
  const { server, options, chunkFromBytes, format } = configuration
  const storage = memoryStorage()
  const registry = await startRegistry({ storage, ...server })
  const mirror = await startMirror(configuration, storage)
  const transport = dockerTransport({
    journal: memoryJournal(),
    ...options,
    ...(mirror !== undefined && { registries: mirroredBy(mirror) }),
    ...(chunkFromBytes !== undefined && { hosts: { [registry.host]: { chunkFromBytes, chunkBytes: 64 * 1024 } } }),
  })
  let count = 0
  return {
    transport,
    emptyLocation: () => Promise.resolve(transport.parseReference(`//${registry.host}/repository-${count++}:tag`)),
    tagOf: (reference) => reference.dockerReference?.tag ?? '',
    neighbour: (reference, tag) => {
      const { domain, path } = transport.parseReference(reference.toString()).dockerReference
      return transport.parseReference(`//${domain}/${path}:${tag}`)
    },
    validReferences: ['//a', '//a:b', '//example.com/a', '//localhost:5000/a/b:c', `//a@${DIGEST}`, `//a:b@${DIGEST}`],
    invalidReferences: ['', 'a', '/a', '//', '//A', '//a:', '//a@', '//a@sha256:0', '//a b', '//a:b@md5:0', '//-a'],
    policyScopes: {
      valid: ['docker.io', '*.io', 'docker.io/library/busybox:tag', `example.com:5000/a@${DIGEST}`, 'busybox', '*'],
      invalid: [],
    },
    credentialReferences: ['//user:s3cret@example.com/a', 'user:s3cret@example.com/a'],
    ...(format !== undefined && { format }),
    dispose: async () => {
      await transport.close()
      await mirror?.close()
      await registry.close()
    },
  }
}

async function startMirror(
  { mirror }: Configuration,
  storage: ReturnType<typeof memoryStorage>,
): Promise<RegistryServer | undefined> {
  if (mirror === undefined) return undefined
  return await startRegistry({ readOnly: true, ...(mirror === 'whole' && { storage }) })
}

function mirroredBy({ host }: RegistryServer): RegistryLookup {
  return (reference) => ({
    sources: [
      { reference: { ...reference, domain: host }, insecure: false },
      { reference, insecure: false },
    ],
    insecure: false,
  })
}
