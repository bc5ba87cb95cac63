import type { Descriptor } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import {
  childrenHandler,
  documentReader,
  filterPlatforms,
  onePlatform,
  parsePlatform,
  parsePlatformPattern,
  SKIP,
} from '../../src/index.ts'
import { LAYER } from '../documents.ts'
import { createGraph } from './graph.ts'

const graph = createGraph()
const on = (text: string): Descriptor => ({ ...graph.image(text), platform: parsePlatform(text) })
const [amd64, arm64, windows] = [on('linux/amd64'), on('linux/arm64'), on('windows/amd64')]
const nowhere = graph.image('nowhere')
const index = graph.index([amd64, arm64, windows, nowhere])
const children = childrenHandler(documentReader(graph.read))

describe('filterPlatforms', () => {
  it.each([
    { patterns: ['linux/amd64'], kept: [amd64, nowhere] },
    { patterns: ['linux/*'], kept: [amd64, arm64, nowhere] },
    { patterns: ['linux/arm64', 'windows/*'], kept: [arm64, windows, nowhere] },
    { patterns: [], kept: [nowhere] },
  ])('$patterns', async ({ patterns, kept }) => {
    const handler = filterPlatforms(children, patterns.map(parsePlatformPattern))
    expect(await handler(index, { depth: 0 })).toStrictEqual(kept)
  })

  it('hands on what is no list', async () => {
    expect(await filterPlatforms(() => SKIP, [])(index, { depth: 0 })).toBe(SKIP)
  })
})

describe('onePlatform', () => {
  it('takes the instance that runs there', async () => {
    const handler = onePlatform(children, parsePlatform('linux/arm64'))
    expect(await handler(index, { depth: 0 })).toStrictEqual([arm64])
  })

  it('says what there is if nothing does', async () => {
    const onlyAmd64 = graph.index([amd64])
    const handler = onePlatform(children, parsePlatform('linux/s390x'))
    await expect(handler(onlyAmd64, { depth: 0 })).rejects.toThrow(/no image for linux\/s390x; available: linux\/amd64/)
  })

  it('leaves the layers of an image alone', async () => {
    expect(await onePlatform(() => [LAYER], parsePlatform('linux/s390x'))(amd64, { depth: 1 })).toStrictEqual([LAYER])
  })
})
