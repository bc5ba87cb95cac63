import { ImageError } from '@crossdock/core'
import { expect, test } from 'vitest'
import { debugText } from '../src/debug-text.ts'

test('it shows the error, its causes and where they come from', () => {
  const text = debugText(new ImageError('IO', 'no', { cause: new TypeError('deeper') }))
  expect(text).toMatch(/^ImageError: no\n {4}at /)
  expect(text).toContain('[cause]: TypeError: deeper')
  expect(text).toContain("code: 'IO'")
  expect(text.endsWith('\n')).toBe(true)
})

test.each([
  'Bearer abcdefghijklmnop',
  'basic bWU6c2VjcmV0cGFzcw==',
  `Unexpected token '{', "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.x" is not valid JSON`,
  'connect http://me:secretpass@proxy.example.com/',
])('what looks like a credential is left out: %s', (message) => {
  const text = debugText(new Error('outer', { cause: new Error(message) }))
  expect(text).not.toMatch(/abcdefghijklmnop|bWU6|eyJ|secretpass/)
  expect(text).toContain('…')
})

test('nothing that a terminal obeys gets through, and no line is endless', () => {
  const text = debugText(new Error(`a\u001B[31mb\u202Ec${'x'.repeat(100_000)}`))
  // eslint-disable-next-line no-control-regex -- that is what is looked for
  expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/)
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(2100)
})
