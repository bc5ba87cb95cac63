import { expect, test } from 'vitest'
import { createTaskGroup } from '../src/task-group.ts'

const never = new AbortController().signal

test('a key is done once, however often it is asked for', async () => {
  const group = createTaskGroup(never)
  let runs = 0
  const task = async () => void (runs += 1)
  await Promise.all([group.once('a', task), group.once('a', task), group.once('b', task)])
  await group.finish()
  expect(runs).toBe(2)
})

test('the first failure ends the others, and is the one that is rethrown after all have settled', async () => {
  const group = createTaskGroup(never)
  let settled = false
  const waiting = group.once('waiting', async () => {
    await new Promise((resolve) => {
      group.signal.addEventListener('abort', resolve)
    })
    await Promise.resolve()
    settled = true
    throw new Error('what the abort made of it')
  })
  const failing = group.once('failing', () => Promise.reject(new Error('the cause')))
  const late = group.once('late', () => failing)
  await expect(group.finish()).rejects.toThrow('the cause')
  expect(settled).toBe(true)
  await Promise.allSettled([waiting, failing, late])
})

test('tasks that start tasks are waited for', async () => {
  const group = createTaskGroup(never)
  const order: string[] = []
  void group.once('outer', async () => {
    await Promise.resolve()
    void group.once('inner', async () => {
      await Promise.resolve()
      order.push('inner')
    })
    order.push('outer')
  })
  await group.finish()
  expect(order).toEqual(['outer', 'inner'])
})

test('an outer abort ends it with the reason as it is', async () => {
  const controller = new AbortController()
  const group = createTaskGroup(controller.signal)
  const reason = { because: 'I say so' }
  const task = group.once('task', async () => {
    controller.abort(reason)
    group.signal.throwIfAborted()
  })
  await expect(group.finish()).rejects.toBe(reason)
  await Promise.allSettled([task])
})
