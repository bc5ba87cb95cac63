import type { Descriptor, ProgressEvent, PutManifestOptions, Referrer } from '@crossdock/core'
import {
  memoryTransport,
  rootDescriptor,
  testArtifact,
  type TestImage,
  testImage,
  testIndex,
  testManifest,
  withReferrers,
  wrapTransport,
} from '@crossdock/transport-testkit'
import { describe, expect, test } from 'vitest'
import { copyImage, type CopyOptions } from '../src/index.ts'

const image = testImage()
const sbom = testArtifact({ seed: 'sbom', subject: rootDescriptor(image) })
const signatureOfSbom = testArtifact({ seed: 'signature', subject: rootDescriptor(sbom) })

test('what refers to an image comes along when asked for, recursively', async () => {
  const memory = memoryTransport()
  memory.store.put('from:1', withReferrers(image, [sbom, signatureOfSbom]))
  await copyImage(memory.parseReference('from:1'), memory.parseReference('without:1'))
  expect([...memory.store.repository('without').manifests.keys()]).toEqual([image.root.digest])

  await copyImage(memory.parseReference('from:1'), memory.parseReference('with:1'), { referrers: true })
  const copied = memory.store.repository('with')
  expect([...copied.manifests.keys()].toSorted()).toEqual(
    [image, sbom, signatureOfSbom].map(({ root }) => root.digest).toSorted(),
  )
  for (const { descriptor } of [...sbom.blobs, ...signatureOfSbom.blobs])
    expect(copied.blobs.has(descriptor.digest)).toBe(true)
  expect(memory.store.digest('with:1')).toBe(image.root.digest)
})

test('referrers of instances come along, and those that came later are found by a second copy', async () => {
  const memory = memoryTransport()
  const index = testIndex()
  const child = index.manifests[0]
  if (child === undefined) throw new Error('an index without manifests')
  const about = testArtifact({
    subject: { mediaType: child.mediaType, digest: child.digest, size: child.bytes.byteLength },
  })
  memory.store.put('from:1', index)
  const copy = () =>
    copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'), { platforms: 'all', referrers: true })
  await copy()
  memory.store.put('from:1', withReferrers(index, [about]))
  await copy()
  expect(memory.store.repository('to').manifests.has(about.root.digest)).toBe(true)
})

/** Copies, with referrers, from a place that lists them as `list` says; what was put, and what was noted. */
function listing(
  from: TestImage,
  list: (subject: string) => Iterable<Referrer> | AsyncIterable<Referrer>,
  options: CopyOptions = {},
) {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', from)
  const source = wrapTransport(memory, {
    source: (opened) => ({
      ...opened,
      async *referrers(subject) {
        yield* list(subject)
      },
    }),
  })
  const puts: PutManifestOptions[] = []
  const recorded = wrapTransport(target, {
    destination: (opened) => ({
      ...opened,
      putManifest: async (manifest, { instance, tag } = {}) => {
        puts.push({ instance, tag })
        await opened.putManifest(manifest, { instance })
      },
    }),
  })
  const notes: string[] = []
  const copy = copyImage(source.parseReference('from:1'), recorded.parseReference('to:1'), {
    referrers: true,
    ...options,
    onProgress: (event: ProgressEvent) => void (event.type === 'note' && notes.push(event.message)),
  })
  return { copy, target, puts, notes }
}

describe('a referrer that a tag ties to its subject', () => {
  const cosign = testArtifact({ seed: 'cosign' })
  const prefix = image.root.digest.replace(':', '-')
  const tied = (tag: string): Referrer => ({ ...rootDescriptor(cosign), tag })

  test('is written under that tag', async () => {
    const tags = [`${prefix}.sig`, `${prefix}.sbom`]
    const { copy, puts } = listing(withReferrers(image, [cosign]), (subject) =>
      subject === image.root.digest ? tags.map(tied) : [],
    )
    await copy
    expect(puts).toEqual([
      { instance: undefined, tag: undefined },
      ...tags.map((tag) => ({ instance: cosign.root.digest, tag })),
    ])
  })

  test.each(['latest', '1', prefix, `${prefix}.`, `${prefix}.sig.`, `sha256-${'0'.repeat(64)}.sig`])(
    'is refused under any other name: %s',
    async (tag) => {
      const { copy, target } = listing(withReferrers(image, [cosign]), () => [tied(tag)])
      await expect(copy).rejects.toMatchObject({ code: 'CONTRACT_MISMATCH' })
      expect(target.store.has('to')).toBe(false)
    },
  )
})

describe('a source that lists', () => {
  test('what does not refer to the image has that left out, and it is said', async () => {
    const other = testArtifact({ subject: rootDescriptor(testImage({ seed: 'other' })) })
    const { copy, target, notes } = listing(withReferrers(image, [other, sbom]), (subject) =>
      subject === image.root.digest ? [rootDescriptor(other), rootDescriptor(sbom)] : [],
    )
    await copy
    expect([...target.store.repository('to').manifests.keys()]).toEqual([image.root.digest, sbom.root.digest])
    expect(notes).toEqual([expect.stringMatching(/lists .* as referring to .*, which it does not: it was left out/)])
  })

  test('the image itself, or in a circle, comes to an end', async () => {
    const { copy, target } = listing(withReferrers(image, [sbom]), () => [rootDescriptor(image), rootDescriptor(sbom)])
    await copy
    expect(target.store.repository('to').manifests.size).toBe(2)
  })

  test('without an end is refused', async () => {
    const { copy } = listing(image, function* endless() {
      for (;;) yield rootDescriptor(sbom)
    })
    await expect(copy).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', side: 'source' })
  })

  test('referrers of referrers without an end is refused', async () => {
    const chain: TestImage[] = [image]
    for (let depth = 0; depth < 20; depth += 1) {
      chain.push(testArtifact({ seed: `${depth}`, subject: rootDescriptor(chain.at(-1) ?? image) }))
    }
    const memory = memoryTransport()
    memory.store.put('from:1', withReferrers(image, chain.slice(1)))
    const copy = copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'), { referrers: true })
    await expect(copy).rejects.toThrow(/more than 16 deep/)
  })
})

describe('what refers to something that is not copied as it is', () => {
  const amd64 = testImage({ seed: 'amd64' })
  const attestation = testArtifact({ seed: 'attestation' })
  const entries: readonly Descriptor[] = [
    { ...rootDescriptor(amd64), platform: { os: 'linux', architecture: 'amd64' } },
    {
      ...rootDescriptor(attestation),
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: {
        'vnd.docker.reference.type': 'attestation-manifest',
        'vnd.docker.reference.digest': amd64.root.digest,
      },
    },
    { ...rootDescriptor(image), platform: { os: 'linux', architecture: 's390x' } },
  ]
  const mediaType = 'application/vnd.oci.image.index.v1+json'
  const root = testManifest({ schemaVersion: 2, mediaType, manifests: entries }, { mediaType })
  const built: TestImage = {
    root,
    manifests: [amd64.root, attestation.root, image.root, root],
    blobs: [...amd64.blobs, ...attestation.blobs, ...image.blobs],
  }
  const ofIndex = testArtifact({ seed: 'of index', subject: rootDescriptor(built) })
  const everything = withReferrers(built, [ofIndex])
  const copying = (options: CopyOptions) =>
    listing(everything, (subject) => (subject === root.digest ? [rootDescriptor(ofIndex)] : []), options)

  test('stays behind with the index, which is said; so do its attestations', async () => {
    const { copy, notes, target } = copying({ platform: 'linux/amd64' })
    expect((await copy).digest).toBe(amd64.root.digest)
    expect(notes).toEqual([
      expect.stringMatching(/^1 that refer to the index .* stay behind; copy all platforms/),
      expect.stringMatching(
        /^1 in the index .* that say something about the image stay behind; copy its platform as an index/,
      ),
    ])
    expect(target.store.repository('to').manifests.size).toBe(1)
  })

  test('an index of one platform keeps the attestation of its image', async () => {
    const { copy, notes, target } = copying({ platforms: ['linux/amd64'] })
    const { digest } = await copy
    expect(new Set(target.store.repository('to').manifests.keys())).toEqual(
      new Set([amd64.root.digest, attestation.root.digest, digest]),
    )
    expect(notes).toEqual([expect.stringMatching(/^1 that refer to the index .* stay behind/)])
  })

  test('does not come along with a converted image: that is refused', async () => {
    const memory = memoryTransport()
    memory.store.put('from:1', withReferrers(image, [sbom]))
    const copy = copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'), {
      referrers: true,
      format: 'docker',
    })
    await expect(copy).rejects.toThrow(/refers to it names it by its digest \(copy it without referrers/)
  })
})
