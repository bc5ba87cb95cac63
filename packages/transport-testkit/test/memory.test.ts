import { describe, test } from 'vitest'
import { runTransportCases, tracing } from '../src/index.ts'
import { memoryFixture, MEMORY_CAPABILITIES, READING_CAPABILITIES, readOnlyFixture } from './memory-fixture.ts'

const OCI_TYPES = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.oci.image.index.v1+json']

runTransportCases({
  test,
  describe,
  title: 'memory',
  capabilities: MEMORY_CAPABILITIES,
  fixture: () => memoryFixture(),
})

runTransportCases({
  test,
  describe,
  title: 'memory that takes OCI documents only, one blob at a time',
  capabilities: MEMORY_CAPABILITIES.filter((capability) => capability !== 'schema1'),
  fixture: () =>
    memoryFixture({
      memory: { destinationTraits: { manifestTypes: OCI_TYPES, parallelBlobs: 1 }, sourceTraits: { parallelBlobs: 1 } },
    }),
})

runTransportCases({
  test,
  describe,
  title: 'read-only memory',
  capabilities: READING_CAPABILITIES,
  fixture: readOnlyFixture,
})

runTransportCases({
  test,
  describe,
  title: 'traced memory, Docker documents',
  capabilities: MEMORY_CAPABILITIES,
  fixture: () => ({ ...memoryFixture({ wrap: (memory) => tracing(memory, []) }), format: 'docker' }),
})
