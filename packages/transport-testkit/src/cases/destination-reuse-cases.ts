import assert from 'node:assert/strict'
import { bytesBody } from '@crossdock/core'
import { ABSENT, assertHolds, imageFor, layerOf } from '../case-steps.ts'
import type { ConformanceCase } from '../conformance-case.ts'
import { testIndex } from '../images/test-index.ts'
import { rootDescriptor } from '../images/test-image.ts'
import { openDestination, putManifests, writeImage } from '../images/write-image.ts'

export const destinationReuseCases: readonly ConformanceCase[] = [
  {
    id: 'destination/reuse-blob',
    rule: 'reuseBlob finds blobs that are there, and an image may be written with them without putting them',
    needs: ['writable', 'readable', 'reuse', 'replaceable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      const reference = await fixture.seeded(image)
      {
        await using destination = await openDestination(reference, operation)
        for (const { descriptor } of image.blobs) {
          const reused = await destination.reuseBlob?.(descriptor, operation)
          assert.ok(reused !== undefined, `the blob ${descriptor.digest} is there but is not reused`)
          assert.equal(reused.blob.digest, descriptor.digest)
          assert.equal(reused.blob.size, descriptor.size)
          assert.equal(reused.mountedFrom, undefined, 'a blob that is here is not mounted')
        }
        await putManifests(destination, image, operation)
        await destination.commit(operation)
      }
      await assertHolds(fixture, { reference, image, operation })
    },
  },
  {
    id: 'destination/reuse-missing-blob',
    rule: 'reuseBlob and findBlob answer undefined for a blob that is not there',
    needs: ['writable', 'reuse'],
    async run(fixture, operation) {
      const from = fixture.capabilities.has('readable') ? await fixture.seeded(imageFor(fixture)) : undefined
      await using destination = await openDestination(await fixture.emptyLocation(), operation)
      for (const blob of [ABSENT, { ...ABSENT, from }]) {
        assert.equal(await destination.reuseBlob?.(blob, operation), undefined)
        assert.equal(await destination.findBlob?.(blob, operation), undefined)
      }
    },
  },
  {
    id: 'destination/find-blob',
    rule: 'findBlob says what reuseBlob would find, and changes nothing',
    needs: ['writable', 'findBlob'],
    async run(fixture, operation) {
      const { bytes, descriptor } = layerOf(imageFor(fixture))
      const reference = await fixture.emptyLocation()
      await using destination = await openDestination(reference, operation)
      assert.equal(await destination.findBlob?.(descriptor, operation), undefined, 'before it is put')
      await destination.putBlob(bytesBody(bytes), descriptor, operation)
      assert.equal(await destination.findBlob?.(descriptor, operation), 'present', 'after it is put')
      assert.equal(await destination.findBlob?.(ABSENT, operation), undefined, 'another blob')
    },
  },
  {
    id: 'destination/has-manifest',
    rule: 'hasManifest is true only if the name stands for exactly that document and all that it reaches is there',
    needs: ['writable', 'hasManifest', 'exactManifests', 'replaceable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      const other = rootDescriptor(imageFor(fixture, { seed: 'other' }))
      const reference = await fixture.emptyLocation()
      {
        await using destination = await openDestination(reference, operation)
        assert.equal(await destination.hasManifest?.(rootDescriptor(image), operation), false, 'nothing is there')
      }
      await writeImage(reference, image, operation)
      await using destination = await openDestination(reference, operation)
      assert.equal(await destination.hasManifest?.(rootDescriptor(image), operation), true, 'the image is there')
      assert.equal(await destination.hasManifest?.(other, operation), false, 'the name stands for another image')
      assert.equal(
        await destination.hasManifest?.(other, { ...operation, instance: other.digest }),
        false,
        'the instance is not there',
      )
    },
  },
  {
    id: 'destination/has-instance',
    rule: 'hasManifest with an instance looks for that instance',
    needs: ['writable', 'hasManifest', 'exactManifests', 'indexes', 'replaceable'],
    async run(fixture, operation) {
      const index = testIndex({ format: fixture.format })
      const reference = await fixture.emptyLocation()
      await writeImage(reference, index, operation)
      await using destination = await openDestination(reference, operation)
      for (const { mediaType, digest, bytes } of index.manifests) {
        const descriptor = { mediaType, digest, size: bytes.byteLength }
        const isRoot = digest === index.root.digest
        assert.equal(await destination.hasManifest?.(descriptor, { ...operation, instance: digest }), true, mediaType)
        assert.equal(await destination.hasManifest?.(descriptor, operation), isRoot, 'what the name itself stands for')
      }
    },
  },
]
