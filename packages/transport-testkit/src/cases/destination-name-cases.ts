import { assertHolds, assertMissing, assertNoLeftovers, imageFor } from '../case-steps.ts'
import type { ConformanceCase } from '../conformance-case.ts'
import { openDestination, putImage, writeImage } from '../images/write-image.ts'

export const destinationNameCases: readonly ConformanceCase[] = [
  {
    id: 'destination/neighbours-stay',
    rule: 'writing an image leaves the other images of its repository or folder as they were',
    needs: ['writable', 'readable', 'taggable'],
    async run(fixture, operation) {
      const first = await fixture.emptyLocation()
      const second = fixture.neighbour?.(first, 'neighbour')
      if (second === undefined) return
      const image = imageFor(fixture)
      const other = imageFor(fixture, { seed: 'another image' })
      await writeImage(first, image, operation)
      await writeImage(second, other, operation)
      await assertHolds(fixture, { reference: first, image, operation })
      await assertHolds(fixture, { reference: second, image: other, operation })
    },
  },
  {
    id: 'destination/invisible-before-commit',
    rule: 'the name does not stand for the image before commit has been called',
    needs: ['writable', 'readable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      const reference = await fixture.emptyLocation()
      await using destination = await openDestination(reference, operation)
      await putImage(destination, image, operation)
      await assertMissing(reference, operation)
      await destination.commit(operation)
      await assertHolds(fixture, { reference, image, operation })
    },
  },
  {
    id: 'destination/replaced-only-by-commit',
    rule: 'until commit, the name stands for the image that it stood for before',
    needs: ['writable', 'readable', 'replaceable'],
    async run(fixture, operation) {
      const before = imageFor(fixture)
      const reference = await fixture.seeded(before)
      await using destination = await openDestination(reference, operation)
      await putImage(destination, imageFor(fixture, { seed: 'newer image' }), operation)
      await assertHolds(fixture, { reference, image: before, operation })
    },
  },
  {
    id: 'destination/dispose-without-commit',
    rule: 'a destination that is disposed without commit leaves the name as it was and nothing temporary',
    needs: ['writable', 'readable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      const empty = await fixture.emptyLocation()
      {
        await using destination = await openDestination(empty, operation)
        await putImage(destination, image, operation)
      }
      await assertMissing(empty, operation)
      await assertNoLeftovers(fixture, empty)
      if (!fixture.capabilities.has('replaceable')) return
      const taken = await fixture.seeded(image)
      {
        await using destination = await openDestination(taken, operation)
        await putImage(destination, imageFor(fixture, { seed: 'newer image' }), operation)
      }
      await assertHolds(fixture, { reference: taken, image, operation })
      await assertNoLeftovers(fixture, taken)
    },
  },
  {
    id: 'destination/commit-replaces-name',
    rule: 'after commit a name that stood for another image stands for the new one',
    needs: ['writable', 'readable', 'replaceable'],
    async run(fixture, operation) {
      const reference = await fixture.seeded(imageFor(fixture))
      const image = imageFor(fixture, { seed: 'newer image' })
      await writeImage(reference, image, operation)
      await assertHolds(fixture, { reference, image, operation })
      await assertNoLeftovers(fixture, reference)
    },
  },
  {
    id: 'destination/same-image-twice',
    rule: 'an image may be written to where it is already',
    needs: ['writable', 'readable', 'replaceable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      const reference = await fixture.seeded(image)
      await writeImage(reference, image, operation)
      await assertHolds(fixture, { reference, image, operation })
    },
  },
]
