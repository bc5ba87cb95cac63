import assert from 'node:assert/strict'
import { bytesBody, digestOf, type BlobBody, type OperationOptions } from '@crossdock/core'
import { assertHolds, assertNoLeftovers, imageFor, layerOf } from '../case-steps.ts'
import type { ConformanceCase } from '../conformance-case.ts'
import { recordedBody, slowBody } from '../faults/bodies.ts'
import { openDestination, putImage, putManifests, writeImage } from '../images/write-image.ts'

export const destinationWriteCases: readonly ConformanceCase[] = [
  {
    id: 'destination/round-trip',
    rule: 'what is written and committed is read back, and nothing temporary is left',
    needs: ['writable', 'readable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      const reference = await fixture.emptyLocation()
      await writeImage(reference, image, operation)
      await assertHolds(fixture, { reference, image, operation })
      const again = fixture.transport.parseReference(reference.toString())
      await assertHolds(fixture, { reference: again, image, operation })
      await assertNoLeftovers(fixture, reference)
    },
  },
  {
    id: 'destination/put-blob-answers',
    rule: 'putBlob answers with the digest and size of what it wrote and the media type that it was given',
    needs: ['writable'],
    async run(fixture, operation) {
      await using destination = await openDestination(await fixture.emptyLocation(), operation)
      for (const { bytes, descriptor } of imageFor(fixture).blobs) {
        const written = await destination.putBlob(bytesBody(bytes), descriptor, operation)
        const { digest, size, mediaType } = written
        assert.deepEqual({ digest, size, mediaType }, descriptor)
      }
    },
  },
  {
    id: 'destination/put-same-blob-twice',
    rule: 'a blob may be put twice, one after the other or at the same time',
    needs: ['writable', 'readable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      const { bytes, descriptor } = layerOf(image)
      const reference = await fixture.emptyLocation()
      {
        await using destination = await openDestination(reference, operation)
        const put = (body: BlobBody): Promise<{ digest: string }> => destination.putBlob(body, descriptor, operation)
        const both = await Promise.all([put(slowBody(bytesBody(bytes), { chunkBytes: 512 })), put(bytesBody(bytes))])
        for (const { digest } of [...both, await put(bytesBody(bytes))]) assert.equal(digest, descriptor.digest)
        await putImage(destination, image, operation)
        await destination.commit(operation)
      }
      await assertHolds(fixture, { reference, image, operation })
      await assertNoLeftovers(fixture, reference)
    },
  },
  {
    id: 'destination/parallel-puts',
    rule: 'as many blobs as traits.parallelBlobs says can be put at once',
    needs: ['writable', 'readable'],
    async run(fixture, operation) {
      const image = imageFor(fixture, { layers: 5, layerBytes: 40_000 })
      const reference = await fixture.emptyLocation()
      {
        await using destination = await openDestination(reference, operation)
        const { parallelBlobs = 6 } = destination.traits
        assert.ok(
          Number.isSafeInteger(parallelBlobs) && parallelBlobs > 0,
          'traits.parallelBlobs is a positive integer',
        )
        for (let start = 0; start < image.blobs.length; start += parallelBlobs) {
          const batch = image.blobs.slice(start, start + parallelBlobs)
          const put = ({ bytes, descriptor }: (typeof batch)[number]): Promise<unknown> =>
            destination.putBlob(slowBody(bytesBody(bytes), { chunkBytes: 4096 }), descriptor, operation)
          await Promise.all(batch.map(put))
        }
        await putManifests(destination, image, operation)
        await destination.commit(operation)
      }
      await assertHolds(fixture, { reference, image, operation })
    },
  },
  {
    id: 'destination/unknown-digest',
    rule: 'a blob of unknown digest and size is hashed while it is written',
    needs: ['writable', 'readable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      const reference = await fixture.emptyLocation()
      {
        await using destination = await openDestination(reference, operation)
        for (const { bytes, descriptor } of image.blobs) {
          const { mediaType } = descriptor
          const written = await destination.putBlob(sizeless(bytesBody(bytes)), { mediaType }, operation)
          assert.equal(written.digest, digestOf(bytes))
          assert.equal(written.size, bytes.byteLength)
        }
        await putManifests(destination, image, operation)
        await destination.commit(operation)
      }
      await assertHolds(fixture, { reference, image, operation })
    },
  },
  {
    id: 'destination/opens-from-the-start',
    rule: 'the body of a blob of which nothing is kept is opened at 0',
    needs: ['writable'],
    async run(fixture, operation) {
      const { bytes, descriptor } = layerOf(imageFor(fixture))
      await using destination = await openDestination(await fixture.emptyLocation(), operation)
      const body = recordedBody(bytesBody(bytes))
      await destination.putBlob(body, descriptor, operation)
      assert.equal(body.offsets[0], 0)
    },
  },
  {
    id: 'destination/sha512',
    rule: 'blobs named by sha512 are written, verified and read back under that name',
    needs: ['writable', 'readable', 'sha512'],
    async run(fixture, operation) {
      const image = imageFor(fixture, { algorithm: 'sha512' })
      const reference = await fixture.emptyLocation()
      await writeImage(reference, image, operation)
      await assertHolds(fixture, { reference, image, operation })
      await assertWrongSha512(fixture, operation)
    },
  },
]

async function assertWrongSha512(
  fixture: Parameters<ConformanceCase['run']>[0],
  operation: OperationOptions,
): Promise<void> {
  const { descriptor, bytes } = layerOf(imageFor(fixture, { algorithm: 'sha512', seed: 'another' }))
  await using destination = await openDestination(await fixture.emptyLocation(), operation)
  await assert.rejects(destination.putBlob(bytesBody(bytes.toReversed()), descriptor, operation), {
    code: 'DIGEST_MISMATCH',
  })
}

function sizeless(body: BlobBody): BlobBody {
  return { open: (offset) => body.open(offset) }
}
