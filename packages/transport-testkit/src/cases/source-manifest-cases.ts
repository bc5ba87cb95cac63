import assert from 'node:assert/strict'
import { digestAlgorithm, manifestDigest } from '@crossdock/core'
import {
  ABSENT,
  assertBytes,
  assertFails,
  assertMissing,
  assertType,
  failureOf,
  imageFor,
  openSource,
} from '../case-steps.ts'
import type { ConformanceCase } from '../conformance-case.ts'
import { testIndex } from '../images/test-index.ts'
import { testSchema1 } from '../images/test-schema1.ts'
import { writeImage } from '../images/write-image.ts'

export const sourceManifestCases: readonly ConformanceCase[] = [
  {
    id: 'source/missing-image',
    rule: 'a location where nothing is fails with NOT_FOUND',
    needs: ['readable'],
    run: async (fixture, operation) => assertMissing(await fixture.emptyLocation(), operation),
  },
  {
    id: 'source/raw-manifest-bytes',
    rule: 'a manifest is given byte for byte as it was stored, with its media type if that is kept',
    needs: ['readable', 'exactManifests'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      await using source = await openSource(await fixture.seeded(image), operation)
      const manifest = await source.getManifest(undefined, operation)
      assertBytes(manifest.bytes, image.root.bytes, 'manifest')
      assertType(manifest, image.root)
      assert.equal(manifest.digest, image.root.digest)
    },
  },
  {
    id: 'source/manifest-digest-is-of-bytes',
    rule: 'the digest given with a manifest is computed from its bytes, also when the stored ones are damaged',
    needs: ['readable'],
    async run(fixture, operation) {
      const reference = await fixture.seeded(imageFor(fixture))
      await using source = await openSource(reference, operation)
      const manifest = await source.getManifest(undefined, operation)
      assert.equal(manifest.digest, manifestDigest(manifest.bytes, digestAlgorithm(manifest.digest)))
      if (fixture.corrupt === undefined) return
      await fixture.corrupt(reference, manifest.digest)
      await assertNeverLies(async () => {
        await using again = await openSource(reference, operation)
        return await again.getManifest(undefined, operation)
      })
    },
  },
  {
    id: 'source/instance-by-digest',
    rule: 'each instance of an index is given by its digest, byte for byte',
    needs: ['readable', 'indexes', 'exactManifests'],
    async run(fixture, operation) {
      const image = testIndex({ format: fixture.format })
      await using source = await openSource(await fixture.seeded(image), operation)
      for (const instance of image.manifests) {
        const manifest = await source.getManifest(instance.digest, operation)
        assertBytes(manifest.bytes, instance.bytes, `instance ${instance.digest}`)
        assert.equal(manifest.digest, instance.digest)
        assertType(manifest, instance)
      }
    },
  },
  {
    id: 'source/signed-schema1',
    rule: 'a signed Docker schema 1 manifest is named by what its signatures cover, and given byte for byte',
    needs: ['readable', 'schema1', 'exactManifests'],
    async run(fixture, operation) {
      const image = testSchema1()
      await using source = await openSource(await fixture.seeded(image), operation)
      for (const name of [undefined, image.root.digest]) {
        const manifest = await source.getManifest(name, operation)
        assertBytes(manifest.bytes, image.root.bytes, 'manifest')
        assert.equal(manifest.digest, image.root.digest)
      }
    },
  },
  {
    id: 'source/missing-instance',
    rule: 'an instance that is not there fails with NOT_FOUND',
    needs: ['readable'],
    async run(fixture, operation) {
      await using source = await openSource(await fixture.seeded(imageFor(fixture)), operation)
      await assertFails('NOT_FOUND', 'getManifest of an absent instance', () =>
        source.getManifest(ABSENT.digest, operation),
      )
    },
  },
  {
    id: 'source/same-manifest-twice',
    rule: 'a name is resolved once: an open source stays with the image that it has given',
    needs: ['readable', 'writable', 'replaceable', 'exactManifests'],
    async run(fixture, operation) {
      const reference = await fixture.seeded(imageFor(fixture))
      await using source = await openSource(reference, operation)
      const first = await source.getManifest(undefined, operation)
      await writeImage(reference, imageFor(fixture, { seed: 'newer image' }), operation)
      const second = await source.getManifest(undefined, operation)
      assert.equal(second.digest, first.digest)
      assertBytes(second.bytes, first.bytes, 'manifest, read again')
    },
  },
]

/** Either it is refused, or digest and bytes agree. */
async function assertNeverLies(
  read: () => Promise<{ readonly bytes: Uint8Array; readonly digest: typeof ABSENT.digest }>,
): Promise<void> {
  const given = await read().catch(() => undefined)
  if (given === undefined) {
    await failureOf('reading a damaged manifest', read)
    return
  }
  assert.equal(
    given.digest,
    manifestDigest(given.bytes, digestAlgorithm(given.digest)),
    'a digest that is not of the bytes',
  )
}
