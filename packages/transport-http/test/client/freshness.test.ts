import { assert, oneof, property, string, stringMatching, tuple, uniqueArray } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cachePolicy, parseCacheControl } from '../../src/client/freshness.ts'
import { headersOf } from '../headers.ts'

const seconds = (headers: Parameters<typeof headersOf>[0]): number => cachePolicy(headersOf(headers)).maxAgeMs / 1000

describe('how long an answer is fresh', () => {
  it.each<[string, number]>([
    ['max-age=10', 10],
    ['MAX-AGE=10', 10],
    [' public , max-age=10 ', 10],
    ['max-age="10"', 10],
    ['max-age=010', 10],
    ['max-age=10, max-age=10', 10],
    ['max-age=99999999999999999999', 2 ** 31],
    ['private="max-age=5, x", max-age=10', 10],
    ['', 0],
    ['max-age', 0],
    ['max-age=', 0],
    ['max-age=1 0', 0],
    ['max-age=-10', 0],
    ['max-age=10.5', 0],
    ['max-age=10, max-age=20', 0],
    ['no-cache', 0],
    ['no-cache, max-age=10', 0],
    ['max-age=10, no-cache', 0],
    ['no-store, max-age=10', 0],
    ['max-age=10, NO-STORE', 0],
    ['s-maxage=10', 0],
    ['must-revalidate, max-age=10', 10],
    ['x-max-age=10', 0],
  ])('%s: %i s', (text, expected) => {
    expect(seconds({ 'cache-control': text })).toBe(expected)
  })

  it('takes several headers as one', () => {
    expect(seconds({ 'cache-control': ['max-age=10', 'no-cache'] })).toBe(0)
    expect(seconds({ 'cache-control': ['public', 'max-age=10'] })).toBe(10)
  })

  it('takes off the age that it has already', () => {
    expect(seconds({ 'cache-control': 'max-age=10', age: '4' })).toBe(6)
    expect(seconds({ 'cache-control': 'max-age=10', age: '40' })).toBe(0)
    expect(seconds({ 'cache-control': 'max-age=10', age: 'old' })).toBe(10)
  })

  it('is none where every request may get another answer', () => {
    expect(seconds({ 'cache-control': 'max-age=10', vary: 'accept, *' })).toBe(0)
    expect(seconds({ 'cache-control': 'max-age=10', vary: 'accept' })).toBe(10)
  })

  it('may not be kept with no-store alone', () => {
    expect(cachePolicy(headersOf({ 'cache-control': 'no-store' })).store).toBe(false)
    expect(cachePolicy(headersOf({ 'cache-control': 'no-cache="no-store"' })).store).toBe(true)
    expect(cachePolicy(headersOf({})).store).toBe(true)
  })

  it('is a whole number from 0 for any text', () => {
    assert(
      property(string(), string(), (control, age) => {
        const { maxAgeMs } = cachePolicy(headersOf({ 'cache-control': control, age }))
        expect(Number.isSafeInteger(maxAgeMs) && maxAgeMs >= 0).toBe(true)
      }),
    )
  })

  const token = stringMatching(/^[a-z][a-z-]{0,8}$/)
  const value = oneof(stringMatching(/^[a-z0-9]{1,5}$/), stringMatching(/^[a-z0-9, =]{0,8}$/))

  it('reads back directives that were written by the grammar', () => {
    assert(
      property(uniqueArray(tuple(token, value), { selector: ([name]) => name }), (directives) => {
        const text = directives.map(([name, content]) => `${name}="${content}"`).join(', ')
        const expected = directives.map(([name, content]) => [name, [content]])
        expect([...parseCacheControl(text)]).toEqual(expected)
      }),
    )
  })

  it('reads a long one quickly', () => {
    const began = performance.now()
    parseCacheControl(`a="${'\\'.repeat(60_000)}`)
    parseCacheControl(' '.repeat(60_000))
    parseCacheControl('a='.repeat(30_000))
    expect(performance.now() - began).toBeLessThan(1000)
  })
})
