import { describe, test } from 'vitest'
import { memoryFixture, MEMORY_CAPABILITIES } from './memory-fixture.ts'
import { readOnly, runTransportCases } from '../src/index.ts'

runTransportCases({ test, describe, title: 'memory', capabilities: MEMORY_CAPABILITIES, fixture: memoryFixture })

runTransportCases({
  test,
  describe,
  title: 'memory, read-only',
  capabilities: ['readable', 'taggable', 'referrers', 'exactManifests', 'indexes', 'artifacts', 'sha512'],
  fixture: () => {
    const writable = memoryFixture()
    const transport = readOnly(writable.transport)
    return {
      ...writable,
      transport,
      emptyLocation: async () => transport.parseReference(writable.nextName()),
      seeded: async (image) => transport.parseReference(writable.place(image)),
    }
  },
})
