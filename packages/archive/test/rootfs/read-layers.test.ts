import { describe, expect, test, vi } from 'vitest'
import { readRootTree, type RootLayer, walkRootTree } from '../../src/index.ts'
import { rejection } from '../bodies.ts'
import { layer } from './layers.ts'

/** Layers that say when they are opened and when they are closed. */
async function watched(...layers: readonly Promise<RootLayer>[]) {
  const events: string[] = []
  const list = (await Promise.all(layers)).map((one, number): RootLayer => ({
    async *open() {
      events.push(`open ${number}`)
      try {
        await new Promise(setImmediate)
        yield* one.open()
      } finally {
        events.push(`close ${number}`)
      }
    },
  }))
  return { list, events }
}

const silent: RootLayer = {
  open: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) }),
}
const broken: RootLayer = {
  async *open() {
    yield new Uint8Array(1)
    throw new Error('no network')
  },
}

describe('readRootTree with several layers at once', () => {
  test('one after the other, if nothing else is said', async () => {
    const { list, events } = await watched(layer('a=1'), layer('b=1'))
    await readRootTree(list)
    expect(events).toStrictEqual(['open 0', 'close 0', 'open 1', 'close 1'])
  })

  test('no more than that, and merged in their order', async () => {
    const { list, events } = await watched(layer('a=1'), layer('a=22'), layer('a=333'), layer('.wh.a', 'b=1'))
    const tree = await readRootTree(list, { concurrency: 2 })
    expect([...walkRootTree(tree)].map(({ path }) => path)).toStrictEqual(['', 'b'])
    expect(events.slice(0, 2)).toStrictEqual(['open 0', 'open 1'])
    expect(events.indexOf('open 2')).toBeGreaterThan(events.indexOf('close 0'))
    expect(events).toHaveLength(8)
  })

  test('one that fails ends the others, also those that are silent', async () => {
    const { list, events } = await watched(Promise.resolve(broken), layer('a=1'), layer('b=1'))
    const reading = readRootTree([...list, silent], { concurrency: 4 })
    expect(await rejection(reading)).toMatchObject({ message: 'no network' })
    await vi.waitFor(() => {
      const closed = events.filter((event) => event.startsWith('close'))
      expect(closed.toSorted()).toStrictEqual(['close 0', 'close 1', 'close 2'])
    })
  })

  test('an abort ends all', async () => {
    const controller = new AbortController()
    const reading = readRootTree([silent, silent], { concurrency: 2, signal: controller.signal })
    controller.abort('enough')
    expect(await rejection(reading)).toBe('enough')
  })
})
