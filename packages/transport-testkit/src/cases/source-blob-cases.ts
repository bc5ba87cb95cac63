import assert from 'node:assert/strict'
import type { Descriptor, ImageSource, OperationOptions } from '@crossdock/core'
import { ABSENT, assertBytes, assertFails, imageFor, layerOf, openSource, readAll } from '../case-steps.ts'
import type { CaseFixture, ConformanceCase } from '../conformance-case.ts'
import { assertReleases } from '../handles.ts'
import { testArtifact } from '../images/test-artifact.ts'
import type { TestBlob, TestImage } from '../images/test-image.ts'

/** Large enough to come in several chunks from everywhere. */
const LARGE_BYTES = 3 * 1024 * 1024

export const sourceBlobCases: readonly ConformanceCase[] = [
  {
    id: 'source/blob-exact-bytes',
    rule: 'a blob is given byte for byte, in chunks that the reader may keep',
    needs: ['readable'],
    async run(fixture, operation) {
      const image = imageFor(fixture, { layerBytes: LARGE_BYTES })
      await using source = await openSource(await fixture.seeded(image), operation)
      for (const blob of image.blobs) await assertReads(source, { blob, operation })
    },
  },
  {
    id: 'source/blob-offset',
    rule: 'a blob is given from any offset between 0 and its size',
    needs: ['readable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      await using source = await openSource(await fixture.seeded(image), operation)
      const { descriptor, bytes } = layerOf(image)
      for (const offset of [0, 1, 511, Math.floor(bytes.byteLength / 2), bytes.byteLength - 1, bytes.byteLength]) {
        const read = await readAll(await source.getBlob(descriptor, { ...operation, offset }))
        assertBytes(read, bytes.subarray(offset), `from ${offset} on`)
      }
    },
  },
  {
    id: 'source/blob-size',
    rule: 'blobSize says how large a blob is, and NOT_FOUND of one that is not there',
    needs: ['readable', 'blobSize'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      await using source = await openSource(await fixture.seeded(image), operation)
      for (const { descriptor, bytes } of image.blobs) {
        assert.equal(await source.blobSize?.(descriptor.digest, operation), bytes.byteLength)
      }
      await assertFails('NOT_FOUND', 'blobSize of an absent blob', async () =>
        source.blobSize?.(ABSENT.digest, operation),
      )
    },
  },
  {
    id: 'source/blob-range',
    rule: 'a blob is given up to any end, and in several ranges at once if traits.rangeReads says so',
    needs: ['readable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      await using source = await openSource(await fixture.seeded(image), operation)
      const { descriptor, bytes } = layerOf(image)
      const half = Math.floor(bytes.byteLength / 2)
      const read = async ([offset, end]: readonly [number, number]): Promise<void> => {
        const part = await readAll(await source.getBlob(descriptor, { ...operation, offset, end }))
        assertBytes(part, bytes.subarray(offset, end), `from ${offset} to ${end}`)
      }
      const ranges = [
        [0, 1],
        [0, half],
        [half, half + 1],
        [half, bytes.byteLength],
        [1, bytes.byteLength - 1],
      ] as const
      if (source.traits.rangeReads === true) await Promise.all(ranges.map(read))
      else for (const range of ranges) await read(range)
    },
  },
  {
    id: 'source/blob-size-honest',
    rule: 'the size given with a blob is that of all of it, whatever the offset, or undefined',
    needs: ['readable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      await using source = await openSource(await fixture.seeded(image), operation)
      for (const { descriptor, bytes } of image.blobs) {
        for (const offset of [0, 10]) {
          await using reader = await source.getBlob(descriptor, { ...operation, offset })
          if (reader.size !== undefined) assert.equal(reader.size, bytes.byteLength, `at offset ${offset}`)
        }
      }
    },
  },
  {
    id: 'source/missing-blob',
    rule: 'getBlob of a blob that is not there fails with NOT_FOUND',
    needs: ['readable'],
    async run(fixture, operation) {
      await using source = await openSource(await fixture.seeded(imageFor(fixture)), operation)
      await assertFails('NOT_FOUND', 'getBlob of an absent blob', () => source.getBlob(ABSENT, operation))
    },
  },
  {
    id: 'source/break-releases',
    rule: 'leaving a blob early releases what is behind it, and the blob can be read again',
    needs: ['readable'],
    async run(fixture, operation) {
      const { reference, image } = await seedLarge(fixture)
      const blob = layerOf(image)
      await assertReleases(fixture, async () => {
        await using source = await openSource(reference, operation)
        for await (const chunk of await source.getBlob(blob.descriptor, operation)) {
          if (chunk.byteLength > 0) break
        }
        await assertReads(source, { blob, operation })
      })
    },
  },
  {
    id: 'source/dispose-unread-reader',
    rule: 'a blob reader that nobody iterates is released by disposing it, twice if need be',
    needs: ['readable'],
    async run(fixture, operation) {
      const { reference, image } = await seedLarge(fixture)
      const blob = layerOf(image)
      await assertReleases(fixture, async () => {
        await using source = await openSource(reference, operation)
        const reader = await source.getBlob(blob.descriptor, operation)
        await reader[Symbol.asyncDispose]()
        await reader[Symbol.asyncDispose]()
        await assertReads(source, { blob, operation })
      })
    },
  },
  {
    id: 'source/parallel-blobs',
    rule: 'as many blobs as traits.parallelBlobs says can be read at once',
    needs: ['readable'],
    async run(fixture, operation) {
      const image = imageFor(fixture, { layers: 5, layerBytes: 200_000 })
      await using source = await openSource(await fixture.seeded(image), operation)
      const { parallelBlobs = 6 } = source.traits
      assert.ok(Number.isSafeInteger(parallelBlobs) && parallelBlobs > 0, 'traits.parallelBlobs is a positive integer')
      const blobs = image.blobs.slice(0, parallelBlobs)
      await Promise.all(blobs.map((blob) => assertReads(source, { blob, operation })))
    },
  },
  {
    id: 'source/zero-byte-blob',
    rule: 'a blob of no bytes is a blob',
    needs: ['readable', 'artifacts'],
    async run(fixture, operation) {
      const image = testArtifact({ content: new Uint8Array(0) })
      await using source = await openSource(await fixture.seeded(image), operation)
      for (const blob of image.blobs) await assertReads(source, { blob, operation })
    },
  },
]

async function seedLarge(
  fixture: CaseFixture,
): Promise<{ readonly reference: Awaited<ReturnType<CaseFixture['seeded']>>; readonly image: TestImage }> {
  const image = imageFor(fixture, { layers: 1, layerBytes: LARGE_BYTES })
  return { reference: await fixture.seeded(image), image }
}

async function assertReads(
  source: ImageSource,
  { blob, operation }: { readonly blob: TestBlob; readonly operation: OperationOptions },
): Promise<void> {
  const { descriptor, bytes }: { readonly descriptor: Descriptor; readonly bytes: Uint8Array } = blob
  assertBytes(await readAll(await source.getBlob(descriptor, operation)), bytes, `blob ${descriptor.digest}`)
}
