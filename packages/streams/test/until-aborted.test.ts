import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { untilAborted } from '../src/index.ts'
import { rejection } from './bodies.ts'

const REASON = { any: 'thing' }

interface Watched extends AsyncIterable<Uint8Array> {
  readonly closed: () => number
}

/** So many chunks of one byte, its number, and then silence or, without `isSilent`, the end. */
function chunks(count: number, { isSilent = false }: { readonly isSilent?: boolean } = {}): Watched {
  let closed = 0
  let given = 0
  return {
    closed: () => closed,
    [Symbol.asyncIterator]: () => ({
      next: () => {
        if (given === count) return isSilent ? new Promise(() => {}) : Promise.resolve({ done: true, value: undefined })
        given += 1
        return Promise.resolve({ done: false, value: Uint8Array.of(given) })
      },
      return: () => {
        closed += 1
        return Promise.resolve({ done: true, value: undefined })
      },
    }),
  }
}

async function firstBytes(body: AsyncIterable<Uint8Array>, onChunk?: (byte: number) => void): Promise<number[]> {
  const seen: number[] = []
  for await (const [byte = 0] of body) {
    seen.push(byte)
    onChunk?.(byte)
  }
  return seen
}

describe('untilAborted', () => {
  test('passes all chunks on, with a signal and without, and leaves no listener', async () => {
    const { signal } = new AbortController()
    expect(await firstBytes(untilAborted(chunks(3), undefined))).toStrictEqual([1, 2, 3])
    const body = chunks(3)
    expect(await firstBytes(untilAborted(body, signal))).toStrictEqual([1, 2, 3])
    expect([body.closed(), getEventListeners(signal, 'abort').length]).toStrictEqual([0, 0])
  })

  test('ends at once with the reason itself while nothing comes, and closes the body', async () => {
    const controller = new AbortController()
    const body = chunks(1, { isSilent: true })
    const reading = firstBytes(untilAborted(body, controller.signal), () =>
      setImmediate(() => controller.abort(REASON)),
    )
    expect(await rejection(reading)).toBe(REASON)
    expect([body.closed(), getEventListeners(controller.signal, 'abort').length]).toStrictEqual([1, 0])
  })

  test('takes nothing more after an abort between two chunks', async () => {
    const controller = new AbortController()
    const body = chunks(5)
    const seen: number[] = []
    const reading = firstBytes(untilAborted(body, controller.signal), (byte) => {
      seen.push(byte)
      if (byte === 2) controller.abort(REASON)
    })
    expect(await rejection(reading)).toBe(REASON)
    expect([seen, body.closed()]).toStrictEqual([[1, 2], 1])
  })

  test('opens nothing after an abort', async () => {
    const body = { [Symbol.asyncIterator]: () => expect.unreachable() }
    expect(await rejection(firstBytes(untilAborted(body, AbortSignal.abort(REASON))))).toBe(REASON)
  })

  test('closes the body when its reader leaves, and waits for that', async () => {
    const { signal } = new AbortController()
    const body = chunks(5)
    for await (const _ of untilAborted(body, signal)) break
    expect([body.closed(), getEventListeners(signal, 'abort').length]).toStrictEqual([1, 0])
  })

  test('fails with what the body fails with', async () => {
    const failing = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('broken')) }),
    }
    await expect(firstBytes(untilAborted(failing, new AbortController().signal))).rejects.toThrow('broken')
  })
})
