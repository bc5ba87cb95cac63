import {
  memoryTransport,
  rootDescriptor,
  testArtifact,
  testImage,
  testIndex,
  withReferrers,
} from '@crossdock/transport-testkit'
import { expect, test } from 'vitest'
import { copyImage } from '../src/index.ts'

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
