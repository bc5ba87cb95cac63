import { type Descriptor, type Digest, parseDigest } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import {
  childrenHandler,
  dispatch,
  documentReader,
  type Handler,
  SKIP,
  STOP,
  type TaskLimiter,
} from '../../src/index.ts'
import { CHILD, CONFIG, LAYER } from '../documents.ts'
import { collect, createGraph, lattice } from './graph.ts'
import { walk } from '../../src/index.ts'

/** Lets everything run, and remembers how many did at once. */
function openLimiter() {
  let running = 0
  const limiter: TaskLimiter & { most: number } = {
    most: 0,
    async run(task, { signal }) {
      signal.throwIfAborted()
      running += 1
      limiter.most = Math.max(limiter.most, running)
      try {
        return await task()
      } finally {
        running -= 1
      }
    },
  }
  return limiter
}

describe('dispatch', () => {
  it('asks for the same as a walk does, neighbours at the same time', async () => {
    const graph = createGraph()
    const top = lattice(graph, 5)
    const children = childrenHandler(documentReader(graph.read))
    const walked = await collect(walk([top], children))
    const asked = new Set<Digest>()
    const limiter = openLimiter()
    await dispatch(
      [top],
      (descriptor, options) => {
        expect(asked.has(descriptor.digest)).toBe(false)
        asked.add(descriptor.digest)
        return children(descriptor, options)
      },
      { limiter },
    )
    expect(asked).toStrictEqual(new Set(walked.map(({ digest }) => digest)))
    expect(limiter.most).toBeGreaterThan(1)
  })

  it('does not keep its place while it waits for what lies below: one at a time is enough for any depth', async () => {
    let turn: Promise<unknown> = Promise.resolve()
    const limiter: TaskLimiter = {
      run: (task) => {
        const result = turn.then(task)
        turn = result.catch(() => undefined)
        return result
      },
    }
    const depths: number[] = []
    const look: Handler = (_descriptor, { depth }) => {
      depths.push(depth)
      return depth < 4 ? [numbered(2 * depth + 1), numbered(2 * depth + 2)] : []
    }
    await dispatch([numbered(0)], look, { limiter })
    expect(depths).toStrictEqual([0, 1, 1, 2, 2, 3, 3, 4, 4])
  })

  it('tells the first failure when all have ended, and aborts the others', async () => {
    const ended: string[] = []
    const look: Handler = async ({ digest }, { signal }) => {
      if (digest === LAYER.digest) throw new Error('first')
      await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }))
      ended.push(digest)
      throw new Error('second')
    }
    await expect(dispatch([CHILD, CONFIG, LAYER], look, { limiter: openLimiter() })).rejects.toThrow('first')
    expect(ended).toStrictEqual([CHILD.digest, CONFIG.digest])
  })

  it('ends without an error where it is stopped', async () => {
    const asked: Digest[] = []
    const look: Handler = async ({ digest }, { signal }) => {
      asked.push(digest)
      if (digest === LAYER.digest) return STOP
      await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }))
      signal?.throwIfAborted()
      return []
    }
    await dispatch([CHILD, LAYER], look, { limiter: openLimiter() })
    expect(asked).toStrictEqual([CHILD.digest, LAYER.digest])
  })

  it('does not go below what is skipped', async () => {
    const asked: Digest[] = []
    const look: Handler = ({ digest }) => {
      asked.push(digest)
      return digest === CHILD.digest ? SKIP : [CHILD]
    }
    await dispatch([LAYER], look, { limiter: openLimiter() })
    expect(asked).toStrictEqual([LAYER.digest, CHILD.digest])
  })

  it('ends with the reason of an abort', async () => {
    const controller = new AbortController()
    const look: Handler = (_descriptor, { signal }) => {
      controller.abort('enough')
      signal?.throwIfAborted()
      return []
    }
    const { signal } = controller
    await expect(dispatch([LAYER], look, { limiter: openLimiter(), signal })).rejects.toBe('enough')
    await expect(dispatch([LAYER], () => [], { limiter: openLimiter(), signal })).rejects.toBe('enough')
  })
})

function numbered(number: number): Descriptor {
  return { ...LAYER, digest: parseDigest(`sha256:${String(number).padStart(64, '0')}`) }
}
