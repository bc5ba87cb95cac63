import { getEventListeners } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { delay, raceSignal, withTimeout } from '../src/index.ts'
import { rejection } from './bodies.ts'

async function never(): Promise<never> {
  return await new Promise(() => {})
}

function pendingTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

describe('delay', () => {
  test('waits for the time', async () => {
    vi.useFakeTimers()
    try {
      let done = false
      const wait = delay(5000).then(() => (done = true))
      await vi.advanceTimersByTimeAsync(4999)
      expect(done).toBe(false)
      await vi.advanceTimersByTimeAsync(1)
      await wait
      expect(done).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  test('an abort ends it with the reason itself and leaves no timer and no listener', async () => {
    const before = pendingTimers()
    const controller = new AbortController()
    const wait = delay(3_600_000, controller.signal)
    expect(pendingTimers()).toBe(before + 1)
    const reason = { any: 'thing' }
    controller.abort(reason)
    expect(await rejection(wait)).toBe(reason)
    expect(pendingTimers()).toBe(before)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })

  test('starts no timer when aborted before', async () => {
    const reason = new Error('before')
    expect(await rejection(delay(3_600_000, AbortSignal.abort(reason)))).toBe(reason)
  })
})

describe('raceSignal', () => {
  test('gives value and failure of the promise and leaves no listener', async () => {
    const { signal } = new AbortController()
    const failure = new Error('failed')
    expect(await raceSignal(Promise.resolve(7), signal)).toBe(7)
    expect(await rejection(raceSignal(Promise.reject(failure), signal))).toBe(failure)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    expect(await raceSignal(Promise.resolve(8))).toBe(8)
  })

  test('rejects with the reason while the promise is pending, and swallows its late failure', async () => {
    const controller = new AbortController()
    const { promise, reject } = Promise.withResolvers<never>()
    const race = raceSignal(promise, controller.signal)
    controller.abort('stop')
    expect(await rejection(race)).toBe('stop')
    reject(new Error('late')) // unhandled, this would fail the run
    expect(await rejection(raceSignal(Promise.reject(new Error('late')), controller.signal))).toBe('stop')
  })
})

describe('withTimeout', () => {
  test('gives the value and leaves no timer', async () => {
    const before = pendingTimers()
    expect(await withTimeout(async () => 7, { timeoutMs: 3_600_000, what: 'it' })).toBe(7)
    expect(pendingTimers()).toBe(before)
  })

  test('ends a task that does not listen, with UNAVAILABLE, and aborts its signal', async () => {
    let seen: AbortSignal | undefined
    const task = async (signal: AbortSignal): Promise<never> => {
      seen = signal
      return await never()
    }
    const error = await rejection(withTimeout(task, { timeoutMs: 1, what: 'credential helper "pass"' }))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect(String(error)).toContain('credential helper "pass" took longer than 1 ms')
    expect(seen?.aborted).toBe(true)
  })

  test('an abort from outside wins with its own reason', async () => {
    const before = pendingTimers()
    const controller = new AbortController()
    const wait = withTimeout(never, { timeoutMs: 3_600_000, what: 'it', signal: controller.signal })
    const reason = new Error('user')
    controller.abort(reason)
    expect(await rejection(wait)).toBe(reason)
    expect(pendingTimers()).toBe(before)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })
})
