import { ImageError } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { createHealth, type Health } from '../../src/client/health.ts'
import { failure } from '../peers.ts'

const DOWN = new ImageError('UNAVAILABLE', 'it is down', { side: 'source', retryable: false })
const HOSTS = ['a', 'b', 'c'].map((host) => ({ host }))

const ordered = (health: Health): string =>
  health
    .order(HOSTS)
    .map(({ host }) => host)
    .join('')
const fails = (failing: Error) => async (): Promise<never> => {
  throw failing
}

describe('order', () => {
  it('puts who failed lately behind the others, the last failure last, and forgets after a while', async () => {
    let now = 0
    const health = createHealth({ suspectMs: 100, now: () => now })
    expect(ordered(health)).toBe('abc')
    health.failed('a', DOWN)
    expect(ordered(health)).toBe('bca')
    now = 10
    health.failed('b', DOWN)
    expect(ordered(health)).toBe('cab')
    now = 20
    health.failed('c', DOWN)
    expect(ordered(health)).toBe('abc')
    now = 105
    expect(ordered(health)).toBe('abc')
    expect([health.isSuspect('a'), health.isSuspect('b')]).toEqual([false, true])
    await health.attempt('b', () => Promise.resolve(1))
    expect(ordered(health)).toBe('abc')
    expect(health.isSuspect('b')).toBe(false)
  })

  it.each(['NOT_FOUND', 'UNAUTHENTICATED', 'FORBIDDEN', 'INVALID_DATA'] as const)(
    'takes %s for an answer',
    async (code) => {
      const health = createHealth()
      health.failed('a', DOWN)
      await failure(() => health.attempt('a', fails(new ImageError(code, 'no'))))
      expect(ordered(health)).toBe('abc')
      health.failed('a', new ImageError(code, 'no'))
      expect(ordered(health)).toBe('abc')
    },
  )

  it.each(['UNAVAILABLE', 'RATE_LIMITED'] as const)('takes %s for a failure of the host', async (code) => {
    const health = createHealth()
    await failure(() => health.attempt('a', fails(new ImageError(code, 'no'))))
    expect(ordered(health)).toBe('bca')
  })
})

describe('attempt', () => {
  it('lets one find out, and the others go on together', async () => {
    const health = createHealth()
    let running = 0
    const first = Promise.withResolvers<string>()
    const asked: string[] = []
    const ask = (name: string) => async (): Promise<string> => {
      asked.push(name)
      running += 1
      return running === 1 ? await first.promise : name
    }
    const all = ['one', 'two', 'three'].map((name) => health.attempt('a', ask(name)))
    await turn()
    expect(asked).toEqual(['one'])
    first.resolve('first')
    expect(await Promise.all(all)).toEqual(['first', 'two', 'three'])
  })

  it('fails for all who waited with what one found, not asking again', async () => {
    const health = createHealth()
    const first = Promise.withResolvers<never>()
    let asked = 0
    const ask = (): Promise<never> => {
      asked += 1
      return first.promise
    }
    const all = Promise.allSettled([health.attempt('a', ask), health.attempt('a', ask), health.attempt('a', ask)])
    first.reject(DOWN)
    const [one, two] = await all
    expect(asked).toBe(1)
    expect(one).toEqual({ status: 'rejected', reason: DOWN })
    expect(two).toMatchObject({
      reason: { code: 'UNAVAILABLE', retryable: false, message: 'a has just failed: it is down' },
    })
    await failure(() => health.attempt('a', ask))
    expect(asked).toBe(2)
  })

  it('has the next one find out if the first gives up, whatever it gives up with', async () => {
    const health = createHealth()
    const stop = new AbortController()
    const waiting = (): Promise<never> =>
      new Promise((_resolve, reject) => {
        stop.signal.addEventListener('abort', () => reject(stop.signal.reason as Error))
      })
    const first = failure(() => health.attempt('a', waiting, stop.signal))
    const second = health.attempt('a', () => Promise.resolve('fine'))
    stop.abort(DOWN)
    expect(await first).toBe(DOWN)
    expect(await second).toBe('fine')
    expect(health.isSuspect('a')).toBe(false)
  })

  it('does not hold up who gives up waiting', async () => {
    const health = createHealth()
    const stop = new AbortController()
    void health.attempt('a', () => new Promise<never>(() => undefined))
    const second = health.attempt('a', () => Promise.resolve(1), stop.signal)
    stop.abort(new Error('enough'))
    await expect(second).rejects.toThrow('enough')
  })

  it('passes on what is no failure of a request, and draws no conclusion', async () => {
    const health = createHealth()
    await expect(health.attempt('a', fails(new TypeError('broken')))).rejects.toThrow('broken')
    expect(health.isSuspect('a')).toBe(false)
    expect(await health.attempt('a', () => Promise.resolve(1))).toBe(1)
  })
})

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
