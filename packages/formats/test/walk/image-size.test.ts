import { expect, it } from 'vitest'
import { documentReader, imageSize, OCI_CONFIG, parsePlatform } from '../../src/index.ts'
import { createGraph } from './graph.ts'

const graph = createGraph()
const shared = graph.blob('a layer of both')
const amd64 = { ...graph.image('a', [shared, graph.blob('more')]), platform: parsePlatform('linux/amd64') }
const arm64 = { ...graph.image('b', [shared, shared]), platform: parsePlatform('linux/arm64') }
const index = graph.index([amd64, arm64])
const read = documentReader(graph.read)
const [configA, configB] = [graph.blob('config of a', OCI_CONFIG), graph.blob('config of b', OCI_CONFIG)]

it('counts everything, and what is shared once', async () => {
  const parts = [index, amd64, arm64, configA, configB, shared, graph.blob('more')]
  expect(await imageSize(index, { read })).toBe(parts.reduce((sum, { size }) => sum + size, 0))
})

it('counts one platform with the index that leads to it', async () => {
  const parts = [index, arm64, configB, shared]
  const platform = parsePlatform('linux/arm64')
  expect(await imageSize(index, { read, platform })).toBe(parts.reduce((sum, { size }) => sum + size, 0))
})
