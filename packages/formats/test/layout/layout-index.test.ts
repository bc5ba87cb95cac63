import { type Descriptor, ImageError, parseDigest } from '@crossdock/core'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  emptyLayoutIndex,
  entryDescriptor,
  layoutEntry,
  parseLayoutIndex,
  putLayoutEntry,
  selectLayoutEntry,
  serializeLayoutIndex,
  usableDescriptors,
  withLayoutEntries,
} from '../../src/index.ts'

const OPTIONS = { what: '"index.json"', maxBytes: 1_000_000 }

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
      const outcome = attempt(() => {
        const index = parseLayoutIndex(Buffer.from(JSON.stringify(value)), OPTIONS)
        usableDescriptors(index)
        entryDescriptor(index, selectLayoutEntry(index, {}))
      })
      expect(outcome === undefined || outcome instanceof ImageError).toBe(true)
    }),
  )
})

function attempt(work: () => void): unknown {
  try {
    work()
    return undefined
  } catch (reason) {
    return reason
  }
}

it('what is written is read back', () => {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const descriptor = fc.tuple(fc.stringMatching(/^[0-9a-f]{64}$/), fc.nat()).map(([hex, size]): Descriptor => {
    return { mediaType, digest: parseDigest(`sha256:${hex}`), size }
  })
  const name = fc.option(fc.stringMatching(/^[a-z]{1,9}$/), { nil: undefined })
  fc.assert(
    fc.property(fc.array(fc.record({ descriptor, name })), (entries) => {
      const made = entries.map((entry) => layoutEntry(entry.descriptor, entry.name))
      const bytes = serializeLayoutIndex(withLayoutEntries(emptyLayoutIndex('a new index'), made))
      const index = parseLayoutIndex(bytes, OPTIONS)
      expect(index.entries.map((entry) => entry.name)).toEqual(entries.map((entry) => entry.name))
      const read = index.entries.map((entry) => entryDescriptor(index, entry))
      expect(read.map(({ digest, size }) => [digest, size])).toEqual(
        entries.map((entry) => [entry.descriptor.digest, entry.descriptor.size]),
      )
    }),
  )
})

it('a name is moved, and what has no name is kept once', () => {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const [one, other] = ['a', 'b'].map((letter): Descriptor => {
    return { mediaType, digest: parseDigest(`sha256:${letter.repeat(64)}`), size: 1 }
  })
  if (one === undefined || other === undefined) throw new TypeError('two descriptors')
  const empty = emptyLayoutIndex('a new index')
  const named = putLayoutEntry(empty, layoutEntry(one, 'x'))
  const moved = putLayoutEntry(named, layoutEntry(other, 'x'))
  expect(moved.entries.map(({ name, digest }) => [name, digest])).toEqual([['x', other.digest]])
  expect(putLayoutEntry(moved, layoutEntry(other, 'x'))).toBe(moved)
  const unnamed = putLayoutEntry(putLayoutEntry(moved, layoutEntry(one, undefined)), layoutEntry(one, undefined))
  expect(unnamed.entries).toHaveLength(2)
})

it('null is an empty list, as Go writes it, and one image under two names is one image', () => {
  const empty = parseLayoutIndex(Buffer.from('{"schemaVersion":2,"manifests":null}'), OPTIONS)
  expect(empty.entries).toEqual([])
  expect(() => selectLayoutEntry(empty, {})).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const entry = layoutEntry({ mediaType, digest: parseDigest(`sha256:${'a'.repeat(64)}`), size: 1 }, 'x')
  const twice = withLayoutEntries(empty, [entry, { ...entry, name: 'y' }])
  expect(selectLayoutEntry(twice, {})).toBe(entry)
  const others = withLayoutEntries(empty, [entry, { ...entry, digest: `sha256:${'b'.repeat(64)}` }])
  expect(() => selectLayoutEntry(others, {})).toThrow(expect.objectContaining({ code: 'CONFLICT' }))
})
