import {
  memoryTransport,
  type Capability,
  type MemoryTransport,
  type TestImage,
  type TransportFixture,
} from '../src/index.ts'

export const MEMORY_CAPABILITIES: readonly Capability[] = [
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

export interface MemoryFixture extends TransportFixture {
  readonly transport: MemoryTransport
  nextName(): string
  /** Puts the image into the store and says under which name. */
  place(image: TestImage): string
}

export function memoryFixture(): MemoryFixture {
  const transport = memoryTransport()
  const digest = `sha256:${'a'.repeat(64)}`
  let count = 0
  const nextName = (): string => `repository-${(count += 1)}:tag`
  const place = (image: TestImage): string => {
    const name = nextName()
    transport.store.put(name, image)
    return name
  }
  return {
    transport,
    nextName,
    place,
    emptyLocation: async () => transport.parseReference(nextName()),
    validReferences: ['name', 'a/b-c:Tag', `name@${digest}`, `name:tag@${digest}`],
    invalidReferences: ['', 'UPPER', 'a//b', 'name:', 'name:a b', 'name@sha256:1'],
    credentialReferences: ['user:s3cret@registry.example/name'],
    policyScopes: { valid: ['a', 'a/b', 'a/b:tag', `name@${digest}`], invalid: ['A', '/', 'a:', 'a@b'] },
    tagOf: (reference) => /:(.*)$/.exec(reference.toString())?.[1] ?? '',
    corrupt: async (reference, damaged) => transport.store.corrupt(reference.toString(), damaged),
  }
}
