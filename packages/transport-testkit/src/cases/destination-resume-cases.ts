import assert from 'node:assert/strict'
import { bytesBody, ImageError, type ImageDestination, type OperationOptions } from '@crossdock/core'
import { assertHolds, describe, failureOf, imageFor, layerOf } from '../case-steps.ts'
import type { ConformanceCase } from '../conformance-case.ts'
import { faultyBody, leasedBody, recordedBody, slowBody } from '../faults/bodies.ts'
import type { TestBlob } from '../images/test-image.ts'
import { openDestination, putImage } from '../images/write-image.ts'

const LAYER_BYTES = 2 * 1024 * 1024

export const destinationResumeCases: readonly ConformanceCase[] = [
  {
    id: 'destination/resumes-after-failure',
    rule: 'partialBlob says at which byte putBlob will open the body, and the whole blob is verified',
    needs: ['writable', 'readable', 'resumable'],
    async run(fixture, operation) {
      const image = imageFor(fixture, { layerBytes: LAYER_BYTES, layers: 1 })
      const blob = layerOf(image)
      const reference = await fixture.emptyLocation()
      {
        await using destination = await openDestination(reference, operation)
        await interrupt(destination, { blob, operation })
        await assertResumes(destination, { blob, operation })
        await putImage(destination, image, operation)
        await destination.commit(operation)
      }
      await assertHolds(fixture, { reference, image, operation })
    },
  },
  {
    id: 'destination/resumes-in-another-handle',
    rule: 'what an interrupted put has kept outlives its destination',
    needs: ['writable', 'readable', 'resumable'],
    async run(fixture, operation) {
      const image = imageFor(fixture, { layerBytes: LAYER_BYTES, layers: 1 })
      const blob = layerOf(image)
      const reference = await fixture.emptyLocation()
      {
        await using destination = await openDestination(reference, operation)
        await interrupt(destination, { blob, operation })
      }
      {
        await using destination = await openDestination(reference, operation)
        await assertResumes(destination, { blob, operation })
        await putImage(destination, image, operation)
        await destination.commit(operation)
      }
      await assertHolds(fixture, { reference, image, operation })
    },
  },
  {
    id: 'destination/opens-by-leave',
    rule: 'a body is opened once at a time, or as its leave allows, and each leave is given back',
    needs: ['writable', 'readable'],
    async run(fixture, operation) {
      const image = imageFor(fixture, { layerBytes: LAYER_BYTES, layers: 2 })
      const reference = await fixture.emptyLocation()
      {
        await using destination = await openDestination(reference, operation)
        for (const [leases, { bytes, descriptor }] of image.blobs.entries()) {
          const body = leasedBody(slowBody(bytesBody(bytes), { chunkBytes: 64 * 1024 }), { leases })
          await destination.putBlob(body, descriptor, operation)
          assert.ok(body.mostAtOnce() <= 1 + leases, `${body.mostAtOnce()} openings at once with ${leases} leaves`)
          assert.equal(body.outstanding(), 0, 'leaves that were not given back')
        }
        await putImage(destination, image, operation)
        await destination.commit(operation)
      }
      await assertHolds(fixture, { reference, image, operation })
    },
  },
  {
    id: 'destination/resume-verifies-all',
    rule: 'kept bytes that were wrong are found out, by DIGEST_MISMATCH or by beginning anew, and are not kept on',
    needs: ['writable', 'readable', 'resumable'],
    async run(fixture, operation) {
      const image = imageFor(fixture, { layerBytes: LAYER_BYTES, layers: 1 })
      const blob = layerOf(image)
      const reference = await fixture.emptyLocation()
      {
        await using destination = await openDestination(reference, operation)
        await interrupt(destination, { blob: { ...blob, bytes: blob.bytes.map((byte) => byte ^ 1) }, operation })
        const put = destination.putBlob(bytesBody(blob.bytes), blob.descriptor, operation)
        // A destination that finds them out early may begin anew by itself, within the same call.
        await put.catch((error: unknown) => assertMismatch(error))
        assert.equal(await destination.partialBlob?.(blob.descriptor, operation), 0, 'wrong bytes are kept')
        await putImage(destination, image, operation)
        await destination.commit(operation)
      }
      await assertHolds(fixture, { reference, image, operation })
    },
  },
]

function assertMismatch(error: unknown): void {
  assert.ok(error instanceof ImageError && error.code === 'DIGEST_MISMATCH', `${describe(error)}: no DIGEST_MISMATCH`)
}

interface PutState {
  readonly blob: TestBlob
  readonly operation: OperationOptions
}

async function interrupt(destination: ImageDestination, { blob, operation }: PutState): Promise<void> {
  const half = Math.floor(blob.bytes.byteLength / 2)
  const body = faultyBody(bytesBody(blob.bytes), { failAfterBytes: half })
  await failureOf('putBlob of a body that breaks off', () => destination.putBlob(body, blob.descriptor, operation))
  const kept = await destination.partialBlob?.(blob.descriptor, operation)
  assert.ok(kept !== undefined && Number.isSafeInteger(kept), 'partialBlob answers with a whole number')
  assert.ok(kept >= 0 && kept <= half, `${kept} bytes are said to be kept of the ${half} that came`)
}

async function assertResumes(destination: ImageDestination, { blob, operation }: PutState): Promise<void> {
  const kept = await destination.partialBlob?.(blob.descriptor, operation)
  const body = recordedBody(bytesBody(blob.bytes))
  const written = await destination.putBlob(body, blob.descriptor, operation)
  assert.equal(written.digest, blob.descriptor.digest)
  assert.equal(written.size, blob.bytes.byteLength)
  assert.equal(body.offsets[0], kept, 'where the body is opened and what partialBlob said')
}
