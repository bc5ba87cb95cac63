import type { ImageTransport } from '@crossdock/core'
import {
  memoryTransport,
  readOnly,
  type Capability,
  type MemoryTransport,
  type MemoryTransportOptions,
  type TransportFixture,
} from '../src/index.ts'

export const MEMORY_CAPABILITIES: readonly Capability[] = [
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
  'signatures',
  'exactManifests',
  'indexes',
  'artifacts',
  'schema1',
  'sha512',
  'replaceable',
]

/** Those that are left without anything that writes. */
export const READING_CAPABILITIES: readonly Capability[] = [
  'readable',
  'taggable',
  'blobSize',
  'referrers',
  'exactManifests',
  'indexes',
  'artifacts',
  'schema1',
  'sha512',
]

export interface MemoryFixtureOptions {
  readonly memory?: MemoryTransportOptions | undefined
  /** What the cases are to see instead of the transport itself. */
  readonly wrap?: ((memory: MemoryTransport) => ImageTransport) | undefined
}

export interface MemoryFixture extends TransportFixture {
  /** The transport behind the one that the cases see. */
  readonly memory: MemoryTransport
  nextName(): string
}

export function memoryFixture({ memory, wrap }: MemoryFixtureOptions = {}): MemoryFixture {
  const inner = memoryTransport(memory)
  const transport = wrap?.(inner) ?? inner
  const digest = `sha256:${'a'.repeat(64)}`
  let count = 0
  const nextName = (): string => `repository-${(count += 1)}:tag`
  return {
    transport,
    memory: inner,
    nextName,
    emptyLocation: async () => transport.parseReference(nextName()),
    validReferences: ['name', 'a/b-c:Tag', `name@${digest}`, `name:tag@${digest}`],
    invalidReferences: ['', 'UPPER', 'a//b', 'name:', 'name:a b', 'name@sha256:1'],
    credentialReferences: ['user:s3cret@registry.example/name'],
    policyScopes: { valid: ['a', 'a/b', 'a/b:tag', `name@${digest}`], invalid: ['A', '/', 'a:', 'a@b'] },
    tagOf: (reference) => /:(.*)$/.exec(reference.toString())?.[1] ?? '',
    neighbour: (reference, tag) => transport.parseReference(reference.toString().replace(/:.*/, `:${tag}`)),
    corrupt: async (reference, damaged) => inner.store.corrupt(reference.toString(), damaged),
  }
}

/** Images are put into the store, as nothing can be written. */
export function readOnlyFixture(): TransportFixture {
  const fixture = memoryFixture({ wrap: readOnly })
  return {
    ...fixture,
    seeded: async (image) => {
      const name = fixture.nextName()
      fixture.memory.store.put(name, image)
      return fixture.transport.parseReference(name)
    },
  }
}
