import { getEventListeners } from 'node:events'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLimiter } from '../src/index.ts'
import { rejection, turn } from './bodies.ts'

/** Tasks that begin when they may and end when told. */
function controlled() {
  const started: string[] = []
  const finish = new Map<string, () => void>()
  const task = (name: string) => async () => {
    started.push(name)
    await new Promise<void>((resolve) => finish.set(name, resolve))
    return name
  }
  return { started, task, end: (name: string) => finish.get(name)?.() }
}

describe('createLimiter', () => {
  test('runs up to its limit, in order', async () => {
    const limiter = createLimiter(2)
    const { started, task, end } = controlled()
    const runs = ['a', 'b', 'c', 'd'].map((name) => limiter.run(task(name)))
    await turn()
    expect(started).toEqual(['a', 'b'])
    expect([limiter.active, limiter.waiting]).toEqual([2, 2])
    end('b')
    await turn()
    expect(started).toEqual(['a', 'b', 'c'])
    end('a')
    end('c')
    await turn()
    end('d')
    expect(await Promise.all(runs)).toEqual(['a', 'b', 'c', 'd'])
    expect([limiter.active, limiter.waiting]).toEqual([0, 0])
  })

  test('a failure frees the place and reaches its caller', async () => {
    const limiter = createLimiter(1)
    const failure = new Error('failed')
    expect(await rejection(limiter.run(() => Promise.reject(failure)))).toBe(failure)
    expect(
      await rejection(
        limiter.run(() => {
          throw failure
        }),
      ),
    ).toBe(failure)
    expect(await limiter.run(async () => 1)).toBe(1)
    expect(limiter.active).toBe(0)
  })

  test('nobody overtakes a heavy task', async () => {
    const limiter = createLimiter(3)
    const { started, task, end } = controlled()
    void limiter.run(task('light'))
    void limiter.run(task('heavy'), { weight: 3 })
    void limiter.run(task('later'))
    await turn()
    expect(started).toEqual(['light'])
    end('light')
    await turn()
    expect(started).toEqual(['light', 'heavy'])
    end('heavy')
    await turn()
    expect(started).toEqual(['light', 'heavy', 'later'])
    end('later')
  })

  test('what is heavier than the limit runs alone', async () => {
    const limiter = createLimiter(2)
    expect(await limiter.run(async () => limiter.active, { weight: 10 })).toBe(1)
  })

  test('an abort takes a waiter out with the reason itself; lighter ones move up', async () => {
    const limiter = createLimiter(2)
    const { started, task, end } = controlled()
    const controller = new AbortController()
    void limiter.run(task('first'))
    const heavy = limiter.run(task('heavy'), { weight: 2, signal: controller.signal })
    const light = limiter.run(task('light'))
    await turn()
    expect(limiter.waiting).toBe(2)
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await rejection(heavy)).toBe(reason)
    await turn()
    expect(started).toEqual(['first', 'light'])
    expect(limiter.waiting).toBe(0)
    end('first')
    end('light')
    await light
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })

  test('thousands that wait have one listener on their signal, and none when they are through', async () => {
    const limiter = createLimiter(2)
    const { signal } = new AbortController()
    let most = 0
    const task = async (): Promise<void> => {
      most = Math.max(most, getEventListeners(signal, 'abort').length)
    }
    await Promise.all(Array.from({ length: 5000 }, () => limiter.run(task, { signal })))
    expect(most).toBe(1)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test('an abort is for those with its signal alone', async () => {
    const limiter = createLimiter(1)
    const { started, task, end } = controlled()
    const controller = new AbortController()
    const first = limiter.run(task('first'), { signal: controller.signal })
    const gone = ['a', 'b'].map((name) => limiter.run(task(name), { signal: controller.signal }))
    const stays = limiter.run(task('stays'), { signal: new AbortController().signal })
    controller.abort('enough')
    for (const run of gone) expect(await rejection(run)).toBe('enough')
    expect(limiter.waiting).toBe(1)
    end('first')
    await first
    await turn()
    expect(started).toEqual(['first', 'stays'])
    end('stays')
    await stays
  })

  test('an aborted signal starts nothing', async () => {
    const limiter = createLimiter(1)
    const { started, task } = controlled()
    expect(await rejection(limiter.run(task('x'), { signal: AbortSignal.abort('no') }))).toBe('no')
    expect(started).toEqual([])
  })

  test('an abort of a running task is left to the task and keeps its place until it ends', async () => {
    const limiter = createLimiter(1)
    const controller = new AbortController()
    const { task, end } = controlled()
    const run = limiter.run(task('x'), { signal: controller.signal })
    await turn()
    controller.abort()
    await turn()
    expect(limiter.active).toBe(1)
    end('x')
    expect(await run).toBe('x')
  })

  test('never exceeds the limit, and everyone gets a turn', async () => {
    const jobs = fc.array(fc.record({ weight: fc.integer({ min: 1, max: 5 }), turns: fc.nat(3), abort: fc.boolean() }))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), jobs, async (max, list) => {
        const limiter = createLimiter(max)
        let load = 0
        let ran = 0
        const results = await Promise.allSettled(
          list.map(async ({ weight, turns, abort }) => {
            const controller = new AbortController()
            const run = limiter.run(
              async () => {
                load += Math.min(weight, max)
                expect(load).toBeLessThanOrEqual(max)
                for (let left = turns; left > 0; left -= 1) await Promise.resolve()
                load -= Math.min(weight, max)
                ran += 1
              },
              { weight, signal: controller.signal },
            )
            if (abort) controller.abort('gone')
            await run
          }),
        )
        const gone = results.filter((result) => result.status === 'rejected')
        expect(gone.every((result) => result.reason === 'gone')).toBe(true)
        expect(ran + gone.length).toBe(list.length)
        expect([limiter.active, limiter.waiting]).toEqual([0, 0])
      }),
      { numRuns: 200 },
    )
  })

  test.each([0, -1, Number.NaN])('refuses a limit of %d', (max) => {
    expect(() => createLimiter(max)).toThrow(RangeError)
  })
})
