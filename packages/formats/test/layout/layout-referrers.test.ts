import { expect, it } from 'vitest'
import { referrersBeside } from '../../src/index.ts'
import { createGraph } from '../walk/graph.ts'

const graph = createGraph()
const platform = graph.image('a')
const attestation = graph.index([], { subject: platform })
const image = graph.index([platform, attestation])
const [inside, outside, itself] = [attestation, graph.index([], { subject: image }), image].map((descriptor) => ({
  subject: platform.digest,
  descriptor,
}))
const referrers = [inside!, outside!, itself!]

it('referrersBeside leaves out what is inside the image, but not the image', async () => {
  expect(await referrersBeside(image, referrers, graph.read)).toStrictEqual([outside, itself])
})

it('referrersBeside gives all where there is no image', async () => {
  expect(await referrersBeside(undefined, referrers, graph.read)).toStrictEqual(referrers)
})

it('referrersBeside passes over platforms that are not there', async () => {
  const partial = graph.index([graph.image('b'), attestation])
  const read: typeof graph.read = async (descriptor) =>
    descriptor.digest === partial.digest ? await graph.read(descriptor) : await createGraph().read(descriptor)
  expect(await referrersBeside(partial, referrers, read)).toStrictEqual([outside, itself])
})
