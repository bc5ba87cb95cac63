import { type Descriptor, parseDigest } from '@crossdock/core'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  descriptorOf,
  formatIndexFile,
  parseIndexFile,
  selectEntry,
  usableDescriptors,
} from '../../src/oci-archive/index-file.ts'
import { readOrRefused } from '../read-image.ts'

it('index.json is read or refused, whatever it holds', () => {
  const entry = fc.record(
    { mediaType: fc.string(), digest: fc.string(), size: fc.jsonValue(), annotations: fc.jsonValue() },
    { requiredKeys: [] },
  )
  const document = fc.record(
    { schemaVersion: fc.constantFrom(1, 2), manifests: fc.oneof(fc.jsonValue(), fc.array(entry)) },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), document), (value) => {
      const outcome = readOrRefused(() => {
        const index = parseIndexFile(Buffer.from(JSON.stringify(value)), 'it')
        usableDescriptors(index)
        descriptorOf(index, selectEntry(index, {}))
      })
      expect(['read', 'refused']).toContain(outcome)
    }),
  )
})

it('what is written is read back', () => {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const descriptor = fc.tuple(fc.stringMatching(/^[0-9a-f]{64}$/), fc.nat()).map(([hex, size]): Descriptor => {
    return { mediaType, digest: parseDigest(`sha256:${hex}`), size }
  })
  const name = fc.option(fc.stringMatching(/^[a-z]{1,9}$/), { nil: undefined })
  fc.assert(
    fc.property(fc.array(fc.record({ descriptor, name })), (entries) => {
      const index = parseIndexFile(formatIndexFile(entries), 'it')
      expect(index.entries.map((entry) => entry.name)).toEqual(entries.map((entry) => entry.name))
      const read = index.entries.map((entry) => descriptorOf(index, entry))
      expect(read.map(({ digest, size }) => [digest, size])).toEqual(
        entries.map((entry) => [entry.descriptor.digest, entry.descriptor.size]),
      )
    }),
  )
})
