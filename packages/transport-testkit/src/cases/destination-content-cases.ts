import assert from 'node:assert/strict'
import { assertBytes, assertHolds, openSource } from '../case-steps.ts'
import type { ConformanceCase } from '../conformance-case.ts'
import { testArtifact } from '../images/test-artifact.ts'
import { testIndex } from '../images/test-index.ts'
import { writeImage } from '../images/write-image.ts'

export const destinationContentCases: readonly ConformanceCase[] = [
  {
    id: 'destination/index-with-children',
    rule: 'an index is written with its instances, and each is read back by its digest',
    needs: ['writable', 'readable', 'indexes'],
    async run(fixture, operation) {
      const image = testIndex({ format: fixture.format })
      const reference = await fixture.emptyLocation()
      await writeImage(reference, image, operation)
      await assertHolds(fixture, { reference, image, operation })
      await using source = await openSource(reference, operation)
      for (const instance of image.manifests) {
        const manifest = await source.getManifest(instance.digest, operation)
        assertBytes(manifest.bytes, instance.bytes, `instance ${instance.digest}`)
      }
    },
  },
  {
    id: 'destination/nested-index',
    rule: 'an index may hold indexes and artifacts',
    needs: ['writable', 'readable', 'indexes', 'artifacts'],
    async run(fixture, operation) {
      const entries = [testIndex({ seed: 'inner', format: fixture.format }), testArtifact()]
      const image = testIndex({ format: fixture.format, entries })
      const reference = await fixture.emptyLocation()
      await writeImage(reference, image, operation)
      await assertHolds(fixture, { reference, image, operation })
    },
  },
  {
    id: 'destination/artifact-byte-exact',
    rule: 'a manifest that is no image is written and read back byte for byte, unknown fields included',
    needs: ['writable', 'readable', 'artifacts', 'exactManifests'],
    async run(fixture, operation) {
      const image = testArtifact()
      const reference = await fixture.emptyLocation()
      await writeImage(reference, image, operation)
      await assertHolds(fixture, { reference, image, operation })
      await using source = await openSource(reference, operation)
      assert.equal((await source.getManifest(undefined, operation)).digest, image.root.digest)
    },
  },
]
