import type { Descriptor } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import {
  type Answer,
  childrenHandler,
  documentReader,
  type Handler,
  OCI_INDEX,
  SKIP,
  STOP,
  walk,
} from '../../src/index.ts'
import { CHILD, CONFIG, LAYER } from '../documents.ts'
import { collect, createGraph, lattice } from './graph.ts'

describe('walk', () => {
  const graph = createGraph()
  const [a, b] = [graph.image('a'), graph.image('b')]
  const inner = graph.index([b])
  const top = graph.index([inner, a])
  const children = childrenHandler(documentReader(graph.read))

  it('goes down before it goes on, in the order of the documents', async () => {
    const expected = [top, inner, b, blobOf('config of b'), blobOf('layer of b'), a, blobOf('config of a')]
    const digests = (await collect(walk([top], children))).map(({ digest }) => digest)
    expect(digests).toStrictEqual([...expected.map(({ digest }) => digest), blobOf('layer of a').digest])
  })

  it('asks for each once, and says how deep it lies', async () => {
    const asked: unknown[] = []
    const look: Handler = ({ digest }, { depth }) => {
      asked.push([digest, depth])
      return depth < 2 ? [LAYER, CONFIG, LAYER] : []
    }
    expect(await collect(walk([CHILD, CHILD], look))).toStrictEqual([CHILD, LAYER, CONFIG])
    expect(asked).toStrictEqual([
      [CHILD.digest, 0],
      [LAYER.digest, 1],
      [CONFIG.digest, 2],
    ])
  })

  it('takes content under another type for something else', async () => {
    const other: Descriptor = { ...LAYER, mediaType: OCI_INDEX }
    expect(await collect(walk([LAYER, other, LAYER], () => []))).toStrictEqual([LAYER, other])
  })

  it('comes to an end where the same is listed everywhere', async () => {
    const visited = await collect(walk([lattice(graph, 15)], children))
    expect(visited).toHaveLength(1 + 2 * 14 + 2 + 4)
  })

  const atInner = (answer: Answer): Handler => {
    return (descriptor, options) => (descriptor.digest === inner.digest ? answer : children(descriptor, options))
  }

  it('does not go below what is skipped', async () => {
    const visited = await collect(walk([top], atInner(SKIP)))
    expect(visited.map(({ digest }) => digest)).not.toContain(b.digest)
    expect(visited).toHaveLength(5)
  })

  it('ends where it is stopped', async () => {
    expect(await collect(walk([top], atInner(STOP)))).toStrictEqual([top, inner])
  })

  it('asks for nothing more once the loop was left', async () => {
    let asked = 0
    const look: Handler = () => {
      asked += 1
      return [LAYER]
    }
    for await (const visited of walk([CHILD], look)) {
      expect(visited).toBe(CHILD)
      break
    }
    expect(asked).toBe(1)
  })

  it('ends with the reason of an abort', async () => {
    const controller = new AbortController()
    const walking = walk([top], children, { signal: controller.signal })
    await walking.next()
    controller.abort('enough')
    await expect(walking.next()).rejects.toBe('enough')
  })

  function blobOf(text: string): Descriptor {
    return graph.blob(text)
  }
})
