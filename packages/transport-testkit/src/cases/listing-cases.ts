import assert from 'node:assert/strict'
import { ABSENT, assertBytes, assertFails, assertMissing, collect, imageFor, openSource } from '../case-steps.ts'
import type { ConformanceCase } from '../conformance-case.ts'
import { testArtifact, withReferrers } from '../images/test-artifact.ts'
import { openDestination, putImage, writeImage } from '../images/write-image.ts'
import { rootDescriptor, type TestImage } from '../images/test-image.ts'

export const listingCases: readonly ConformanceCase[] = [
  {
    id: 'referrers/lists-subject',
    rule: 'referrers lists exactly the manifests whose subject is the one asked for, with their artifactType',
    needs: ['readable', 'referrers', 'artifacts', 'exactManifests'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      const subject = rootDescriptor(image)
      const referrers = ['sbom', 'signature'].map((seed) => {
        const artifactType = `application/vnd.example.${seed}`
        return { artifactType, ...testArtifact({ seed, subject, artifactType }) }
      })
      const stranger = testArtifact({ seed: 'of another image', subject: ABSENT })
      await using source = await openSource(
        await fixture.seeded(withReferrers(image, [...referrers, stranger])),
        operation,
      )
      assert.ok(source.referrers !== undefined, 'the source has no referrers')
      const listed = await collect(source.referrers(subject.digest, operation))
      for (const referrer of referrers) {
        const found = listed.find(({ digest }) => digest === referrer.root.digest)
        assert.ok(found !== undefined, `the referrer ${referrer.root.digest} is not listed`)
        assert.equal(found.artifactType, referrer.artifactType)
        assert.equal(found.mediaType, referrer.root.mediaType)
        assert.equal(found.size, referrer.root.bytes.byteLength)
      }
      assert.equal(listed.length, referrers.length, 'what has another subject is listed')
    },
  },
  {
    id: 'referrers/none',
    rule: 'a manifest that nothing refers to has no referrers, and that is no error',
    needs: ['readable', 'referrers'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      await using source = await openSource(await fixture.seeded(image), operation)
      assert.ok(source.referrers !== undefined, 'the source has no referrers')
      assert.deepEqual(await collect(source.referrers(image.root.digest, operation)), [])
      assert.deepEqual(await collect(source.referrers(ABSENT.digest, operation)), [])
    },
  },
  {
    id: 'referrers/by-tag',
    rule: 'what was put under a tag of cosign is listed with that tag, for the manifest that the tag names',
    needs: ['readable', 'writable', 'referrers', 'artifacts', 'exactManifests'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      const reference = await fixture.emptyLocation()
      const attached = ['sig', 'att', 'sbom'].map((kind) => ({ kind, ...testArtifact({ seed: kind }) }))
      const tagOf = (kind: string): string => `${image.root.digest.replace(':', '-')}.${kind}`
      {
        await using destination = await openDestination(reference, operation)
        await putImage(destination, withReferrers(image, attached), operation)
        for (const { kind, root } of attached) {
          await destination.putManifest(root, { ...operation, instance: root.digest, tag: tagOf(kind) })
        }
        await destination.commit(operation)
      }
      await using source = await openSource(reference, operation)
      assert.ok(source.referrers !== undefined, 'the source has no referrers')
      const listed = await collect(source.referrers(image.root.digest, operation))
      for (const { kind, root } of attached) {
        const found = listed.find(({ digest }) => digest === root.digest)
        assert.ok(found !== undefined, `${tagOf(kind)} is not listed`)
        assert.equal(found.tag, tagOf(kind))
        assert.equal(found.mediaType, root.mediaType)
        assert.equal(found.size, root.bytes.byteLength)
        assertBytes((await source.getManifest(root.digest, operation)).bytes, root.bytes, tagOf(kind))
      }
      assert.equal(listed.length, attached.length, 'something else is listed')
      assert.deepEqual(await collect(source.referrers(ABSENT.digest, operation)), [], 'of another manifest')
    },
  },
  {
    id: 'referrers/has-tag',
    rule: 'hasManifest with a tag answers for that tag and not for the digest',
    needs: ['readable', 'writable', 'referrers', 'artifacts', 'exactManifests', 'hasManifest'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      const reference = await fixture.emptyLocation()
      const [first, second] = ['first', 'second'].map((seed) => testArtifact({ seed }))
      assert.ok(first !== undefined && second !== undefined, 'two artifacts')
      const tag = `${image.root.digest.replace(':', '-')}.sig`
      const has = async (artifact: TestImage, name: string | undefined): Promise<boolean | undefined> => {
        await using destination = await openDestination(reference, operation)
        const options = { ...operation, instance: artifact.root.digest, tag: name }
        return await destination.hasManifest?.(rootDescriptor(artifact), options)
      }
      {
        await using destination = await openDestination(reference, operation)
        await putImage(destination, withReferrers(image, [first, second]), operation)
        await destination.putManifest(first.root, { ...operation, instance: first.root.digest, tag })
        await destination.commit(operation)
      }
      assert.equal(await has(first, tag), true, 'what is under the tag')
      assert.equal(await has(second, undefined), true, 'what is there by digest')
      assert.equal(await has(second, tag), false, 'what is there, but under no tag')
      assert.equal(await has(first, `${tag.slice(0, -4)}.att`), false, 'under another tag')
    },
  },
  {
    id: 'tags/lists',
    rule: 'tags lists the names beside the reference, its own among them, each once',
    needs: ['taggable'],
    async run(fixture, operation) {
      assert.ok(fixture.tagOf !== undefined, 'a fixture of a taggable transport has tagOf')
      const reference = await fixture.seeded(imageFor(fixture))
      const expected = [fixture.tagOf(reference)]
      const neighbour = fixture.neighbour?.(reference, 'neighbour')
      if (neighbour?.openDestination !== undefined) {
        await writeImage(neighbour, imageFor(fixture), operation)
        expected.push('neighbour')
      }
      assert.ok(reference.tags !== undefined, 'the reference has no tags')
      const tags = await collect(reference.tags(operation))
      for (const tag of expected) assert.ok(tags.includes(tag), `${tag} is not in [${tags.join(', ')}]`)
      assert.equal(new Set(tags).size, tags.length, 'a tag is listed twice')
    },
  },
  {
    id: 'delete/then-missing',
    rule: 'after delete nothing is at the location, and other locations are as they were',
    needs: ['readable', 'deletable'],
    async run(fixture, operation) {
      const reference = await fixture.seeded(imageFor(fixture))
      const other = await fixture.seeded(imageFor(fixture, { seed: 'another image' }))
      assert.ok(reference.delete !== undefined, 'the reference has no delete')
      await reference.delete(operation)
      await assertMissing(reference, operation)
      await using source = await openSource(other, operation)
      await source.getManifest(undefined, operation)
    },
  },
  {
    id: 'delete/missing',
    rule: 'deleting what is not there fails with NOT_FOUND',
    needs: ['deletable'],
    async run(fixture, operation) {
      const reference = await fixture.emptyLocation()
      await assertFails('NOT_FOUND', 'delete where nothing is', async () => reference.delete?.(operation))
    },
  },
]
