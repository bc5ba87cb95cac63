import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { createInFlight } from '../src/index.ts'
import { rejection, turn } from './bodies.ts'

/** A task that ends when told; on abort it takes a turn to clean up. */
function controlledTask() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const state = { runs: 0, active: 0, most: 0, signal: undefined as AbortSignal | undefined }
  const task = async (signal: AbortSignal): Promise<string> => {
    state.runs += 1
    state.active += 1
    state.most = Math.max(state.most, state.active)
    state.signal = signal
    signal.addEventListener('abort', () => reject(signal.reason))
    try {
      return await promise
    } finally {
      await turn()
      state.active -= 1
    }
  }
  return { state, task, resolve, reject }
}

describe('createInFlight', () => {
  test('the second caller of a key joins the first', async () => {
    const table = createInFlight<string, string>()
    const { state, task, resolve } = controlledTask()
    const both = Promise.all([table.run('a', task), table.run('a', task)])
    resolve('done')
    expect(await both).toEqual(['done', 'done'])
    expect(state.runs).toBe(1)
    expect(table.size).toBe(0)
  })

  test('different keys do not meet', async () => {
    const table = createInFlight<string, number>()
    expect(await Promise.all([table.run('a', async () => 1), table.run('b', async () => 2)])).toEqual([1, 2])
  })

  test('a success is forgotten, unless told to remember', async () => {
    let runs = 0
    const task = async () => (runs += 1)
    const forgetful = createInFlight<string, number>()
    expect([await forgetful.run('a', task), await forgetful.run('a', task)]).toEqual([1, 2])
    const remembering = createInFlight<string, number>({ remember: true })
    expect([await remembering.run('a', task), await remembering.run('a', task)]).toEqual([3, 3])
    expect(remembering.size).toBe(1)
  })

  test('a failure reaches all who wait and is forgotten', async () => {
    const table = createInFlight<string, string>({ remember: true })
    const { task, reject } = controlledTask()
    const first = rejection(table.run('a', task))
    const second = rejection(table.run('a', task))
    const failure = new Error('failed')
    reject(failure)
    expect(await first).toBe(failure)
    expect(await second).toBe(failure)
    expect(await table.run('a', async () => 'again')).toBe('again')
  })

  test('a task that throws at once is a failure like any other', async () => {
    const table = createInFlight<string, string>()
    const failure = new Error('at once')
    const throwing = (): Promise<string> => {
      throw failure
    }
    expect(await rejection(table.run('a', throwing))).toBe(failure)
    expect(table.size).toBe(0)
  })

  test('the abort of one caller, the first included, does not disturb another', async () => {
    const table = createInFlight<string, string>()
    const { state, task, resolve } = controlledTask()
    const controller = new AbortController()
    const first = table.run('a', task, { signal: controller.signal })
    const second = table.run('a', task, { signal: new AbortController().signal })
    const reason = new Error('first gives up')
    controller.abort(reason)
    expect(await rejection(first)).toBe(reason)
    expect(state.signal?.aborted).toBe(false)
    resolve('done')
    expect(await second).toBe('done')
    expect(state.runs).toBe(1)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })

  test('when all have given up the task is aborted, and the last one waits for it', async () => {
    const table = createInFlight<string, string>()
    const { state, task } = controlledTask()
    const [a, b] = [new AbortController(), new AbortController()]
    const first = rejection(table.run('a', task, { signal: a.signal }))
    const second = rejection(table.run('a', task, { signal: b.signal }))
    await turn()
    a.abort('a')
    expect(await first).toBe('a')
    b.abort('b')
    expect(await second).toBe('b')
    expect(state.signal?.reason).toBe('b')
    expect(state.active).toBe(0)
    expect(table.size).toBe(0)
  })

  test('a newcomer during the clean-up starts afresh, after it', async () => {
    const table = createInFlight<string, string>()
    const { state, task } = controlledTask()
    const controller = new AbortController()
    const abandoned = rejection(table.run('a', task, { signal: controller.signal }))
    await turn()
    controller.abort('enough')
    while (state.signal?.aborted !== true) await Promise.resolve()
    const overlapping: number[] = []
    const fresh = table.run('a', async () => {
      overlapping.push(state.active)
      return 'fresh'
    })
    expect(await fresh).toBe('fresh')
    expect(overlapping).toEqual([0])
    expect(await abandoned).toBe('enough')
  })

  test('a newcomer that comes at the very moment of the abort takes the run over', async () => {
    const table = createInFlight<string, string>()
    const { state, task, resolve } = controlledTask()
    const controller = new AbortController()
    const abandoned = rejection(table.run('a', task, { signal: controller.signal }))
    await turn()
    controller.abort('enough')
    const newcomer = table.run('a', task) // no turn in between: the abandoned caller has not noticed yet
    expect(await abandoned).toBe('enough')
    expect(state.signal?.aborted).toBe(false)
    resolve('done')
    expect(await newcomer).toBe('done')
    expect(state.runs).toBe(1)
  })

  test('an aborted signal starts nothing', async () => {
    const table = createInFlight<string, string>()
    const { state, task } = controlledTask()
    expect(await rejection(table.run('a', task, { signal: AbortSignal.abort('no') }))).toBe('no')
    expect(state.runs).toBe(0)
  })
})
