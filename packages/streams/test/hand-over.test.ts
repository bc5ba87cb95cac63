import { describe, expect, test } from 'vitest'
import { handOver } from '../src/hand-over.ts'
import { bytes, countBytes, readAll, rejection, turn } from './bodies.ts'

describe('handOver', () => {
  test('hands each chunk over and gives the result', async () => {
    const task = handOver(async (body) => String(await readAll(body)))
    for (const chunk of ['one ', 'two ', 'three']) await task.put(bytes(chunk))
    expect(await task.end()).toBe('one two three')
    await task.stop()
  })

  test('waits until the task asks for more', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    const task = handOver(async (body) => {
      for await (const _chunk of body) await gate
    })
    let done = false
    const put = task.put(bytes('x')).then(() => (done = true))
    await turn()
    expect(done).toBe(false)
    open()
    await put
    await task.end()
  })

  test.each([0, 1, 3])('throws what the task throws after %i chunks', async (count) => {
    const failure = new Error('damaged')
    const task = handOver(async (body) => {
      let left = count
      if (left === 0) throw failure
      for await (const _chunk of body) if ((left -= 1) === 0) throw failure
    })
    for (let good = 0; good < count - 1; good += 1) await task.put(bytes('x'))
    expect(await rejection(task.put(bytes('last')))).toBe(failure)
    await task.stop()
  })

  test('throws what the task throws at the end', async () => {
    const failure = new Error('cut off')
    const task = handOver(async (body) => {
      await countBytes(body)
      throw failure
    })
    await task.put(bytes('x'))
    expect(await rejection(task.end())).toBe(failure)
  })

  test('a stop ends the body and waits for the task', async () => {
    let ended = false
    const task = handOver(async (body) => {
      await countBytes(body)
      await turn()
      ended = true
      throw new Error('nobody asked')
    })
    await task.put(bytes('x'))
    await task.stop()
    expect(ended).toBe(true)
    await turn() // its failure would be unhandled here
  })
})
