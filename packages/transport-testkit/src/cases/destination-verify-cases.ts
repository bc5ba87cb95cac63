import assert from 'node:assert/strict'
import { bytesBody, digestOf, type ImageDestination, type ImageReference, type OperationOptions } from '@crossdock/core'
import { assertFails, assertHolds, assertNoLeftovers, describe, failureOf, imageFor, layerOf } from '../case-steps.ts'
import type { CaseFixture, ConformanceCase } from '../conformance-case.ts'
import { faultyBody, recordedBody } from '../faults/bodies.ts'
import { testManifest, type TestBlob, type TestImage } from '../images/test-image.ts'
import { openDestination, putImage } from '../images/write-image.ts'

export const destinationVerifyCases: readonly ConformanceCase[] = [
  {
    id: 'destination/digest-verified',
    rule: 'content of another digest is refused with DIGEST_MISMATCH, is not there afterwards, and nothing of it is kept',
    needs: ['writable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      const blob = layerOf(image)
      const reference = await fixture.emptyLocation()
      {
        await using destination = await openDestination(reference, operation)
        const wrong = bytesBody(blob.bytes.map((byte) => byte ^ 1))
        await assertFails('DIGEST_MISMATCH', 'putBlob of wrong bytes', () =>
          destination.putBlob(wrong, blob.descriptor, operation),
        )
        await assertNothingKept(destination, { blob, operation })
      }
      await assertStillWritable(fixture, { reference, image, operation })
    },
  },
  {
    id: 'destination/size-mismatch',
    rule: 'content with fewer or more bytes than stated is refused with DIGEST_MISMATCH',
    needs: ['writable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      const { bytes, descriptor } = layerOf(image)
      const reference = await fixture.emptyLocation()
      {
        await using destination = await openDestination(reference, operation)
        for (const size of [bytes.byteLength - 1, bytes.byteLength + 1, 0]) {
          const body = bytesBody(bytes)
          await assertFails('DIGEST_MISMATCH', `putBlob of ${bytes.byteLength} bytes announced as ${size}`, () =>
            destination.putBlob({ open: (offset) => body.open(offset) }, { ...descriptor, size }, operation),
          )
        }
      }
      await assertStillWritable(fixture, { reference, image, operation })
    },
  },
  {
    id: 'destination/failed-body-leaves-nothing',
    rule: 'a blob whose body failed is not there',
    needs: ['writable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      const blob = layerOf(image)
      const reference = await fixture.emptyLocation()
      {
        await using destination = await openDestination(reference, operation)
        const body = faultyBody(bytesBody(blob.bytes), { failAfterBytes: blob.bytes.byteLength - 1 })
        await failureOf('putBlob of a failing body', () => destination.putBlob(body, blob.descriptor, operation))
        await assertAbsent(destination, { blob, operation })
      }
      await assertNoLeftovers(fixture, reference)
      await assertStillWritable(fixture, { reference, image, operation })
    },
  },
  {
    id: 'destination/body-error-unchanged',
    rule: 'what a body throws is rethrown as it is',
    needs: ['writable'],
    async run(fixture, operation) {
      const { bytes, descriptor } = layerOf(imageFor(fixture))
      await using destination = await openDestination(await fixture.emptyLocation(), operation)
      for (const failAfterBytes of [0, 100]) {
        const error = new Error('the body broke (on purpose)')
        const body = faultyBody(bytesBody(bytes), { failAfterBytes, error })
        const caught = await failureOf('putBlob of a failing body', () =>
          destination.putBlob(body, descriptor, operation),
        )
        assert.equal(caught, error, `${describe(caught)} is not what the body threw`)
      }
    },
  },
  {
    id: 'destination/manifest-digest-verified',
    rule: 'a manifest whose bytes do not have the digest that comes with them is refused with DIGEST_MISMATCH',
    needs: ['writable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      await using destination = await openDestination(await fixture.emptyLocation(), operation)
      for (const { bytes, descriptor } of image.blobs)
        await destination.putBlob(bytesBody(bytes), descriptor, operation)
      const wrong = { ...image.root, digest: digestOf(new TextEncoder().encode('something else')) }
      for (const instance of [undefined, wrong.digest]) {
        await assertFails('DIGEST_MISMATCH', 'putManifest under a wrong digest', async () => {
          await destination.putManifest(wrong, { ...operation, instance })
          await destination.commit(operation)
        })
      }
    },
  },
  {
    id: 'destination/manifest-type-refused',
    rule: 'a manifest of a type that is not among traits.manifestTypes is refused with UNSUPPORTED',
    needs: ['writable'],
    async run(fixture, operation) {
      await using destination = await openDestination(await fixture.emptyLocation(), operation)
      const { manifestTypes } = destination.traits
      if (manifestTypes === undefined) return
      assert.ok(manifestTypes.length > 0, 'traits.manifestTypes is empty: leave it out if every type is taken')
      const mediaType = 'application/vnd.example.unheard-of+json'
      const strange = testManifest({ schemaVersion: 2, mediaType }, { mediaType })
      await assertFails('UNSUPPORTED', 'putManifest of an unheard-of type', async () => {
        await destination.putManifest(strange, operation)
        await destination.commit(operation)
      })
    },
  },
]

interface PutState {
  readonly blob: TestBlob
  readonly operation: OperationOptions
}

/** The blob is not there, as far as the destination can be asked. */
async function assertAbsent(destination: ImageDestination, { blob, operation }: PutState): Promise<void> {
  assert.equal(await destination.reuseBlob?.(blob.descriptor, operation), undefined, 'reuseBlob finds what failed')
  assert.equal(await destination.findBlob?.(blob.descriptor, operation), undefined, 'findBlob finds what failed')
}

async function assertNothingKept(destination: ImageDestination, state: PutState): Promise<void> {
  await assertAbsent(destination, state)
  const { blob, operation } = state
  assert.equal(
    (await destination.partialBlob?.(blob.descriptor, operation)) ?? 0,
    0,
    'bytes that proved wrong are kept',
  )
  const body = recordedBody(bytesBody(blob.bytes))
  await destination.putBlob(body, blob.descriptor, operation)
  assert.ok(body.offsets.includes(0), 'the body was not read from the start after wrong bytes')
}

/** A right attempt after a failed one succeeds, and what is read back is right. */
async function assertStillWritable(
  fixture: CaseFixture,
  {
    reference,
    image,
    operation,
  }: { readonly reference: ImageReference; readonly image: TestImage; readonly operation: OperationOptions },
): Promise<void> {
  {
    await using destination = await openDestination(reference, operation)
    await putImage(destination, image, operation)
    await destination.commit(operation)
  }
  if (fixture.capabilities.has('readable')) await assertHolds(fixture, { reference, image, operation })
  await assertNoLeftovers(fixture, reference)
}
