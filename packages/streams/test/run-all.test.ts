import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { runAll } from '../src/index.ts'
import { rejection, turn } from './bodies.ts'

describe('runAll', () => {
  test('runs every item, so many at a time', async () => {
    let active = 0
    let most = 0
    const seen: number[] = []
    await runAll(
      [1, 2, 3, 4, 5, 6, 7],
      async (item) => {
        active += 1
        most = Math.max(most, active)
        await turn()
        active -= 1
        seen.push(item)
      },
      { concurrency: 3 },
    )
    expect(seen.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(most).toBe(3)
  })

  test('takes items only as their turn comes', async () => {
    let taken = 0
    function* items() {
      for (;;) yield (taken += 1)
    }
    const failure = new Error('third')
    const task = async (item: number) => {
      if (item === 3) throw failure
    }
    expect(await rejection(runAll(items(), task, { concurrency: 1 }))).toBe(failure)
    expect(taken).toBe(3)
  })

  test('the first failure aborts the others; it is rethrown after all have settled', async () => {
    const failure = new Error('first')
    const events: string[] = []
    const task = async (item: string, signal: AbortSignal) => {
      if (item === 'bad') {
        await turn()
        throw failure
      }
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      await turn() // cleaning up takes a while
      events.push(`${item} cleaned up`)
      throw signal.reason
    }
    const run = runAll(['slow', 'bad', 'never started'], task, { concurrency: 2 })
    expect(await rejection(run)).toBe(failure)
    expect(events).toEqual(['slow cleaned up'])
  })

  test('rethrows a first failure that is not an error, undefined included', async () => {
    expect(await rejection(runAll([1, 2], () => Promise.reject(), { concurrency: 1 }))).toBeUndefined()
  })

  test('an outer abort is rethrown as it is, after all have settled, and closes the items', async () => {
    const controller = new AbortController()
    const reason = { why: 'ctrl-c' }
    let closed = false
    let settled = 0
    function* items() {
      try {
        for (;;) yield 1
      } finally {
        closed = true
      }
    }
    const task = async (_item: number, signal: AbortSignal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      await turn()
      settled += 1
      throw new Error('a consequence of the abort')
    }
    const run = runAll(items(), task, { concurrency: 4, signal: controller.signal })
    await turn()
    controller.abort(reason)
    expect(await rejection(run)).toBe(reason)
    expect(settled).toBe(4)
    expect(closed).toBe(true)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })

  test('leaves no listener on a signal that lives on', async () => {
    const { signal } = new AbortController()
    await runAll([1, 2], async () => turn(), { concurrency: 1, signal })
    const failure = new Error('failed')
    expect(await rejection(runAll([1, 2], () => Promise.reject(failure), { concurrency: 2, signal }))).toBe(failure)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test('an aborted signal starts nothing', async () => {
    let started = 0
    const task = async () => void (started += 1)
    expect(await rejection(runAll([1], task, { concurrency: 1, signal: AbortSignal.abort('no') }))).toBe('no')
    expect(started).toBe(0)
  })

  test('a failing iterator is a failure like any other', async () => {
    const failure = new Error('items')
    function* items() {
      yield 1
      throw failure
    }
    expect(await rejection(runAll(items(), async () => turn(), { concurrency: 2 }))).toBe(failure)
  })

  test('no items is no work; no limit is fine', async () => {
    await runAll([], async () => turn(), { concurrency: 1 })
    let ran = 0
    await runAll([1, 2, 3], async () => void (ran += 1), { concurrency: Infinity })
    expect(ran).toBe(3)
    expect(await rejection(runAll([], async () => turn(), { concurrency: 0 }))).toBeInstanceOf(RangeError)
  })
})
