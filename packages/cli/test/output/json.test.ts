import { expect, test } from 'vitest'
import { formatJson, printable } from '../../src/output/json.ts'

const HOSTILE = 'a\u0007\u001B[31m\u007F\u009B31m\u202E\u2028\u{E0001}é'

test('JSON is the same value, without a character that a terminal obeys or does not show', () => {
  const text = formatJson({ [HOSTILE]: [HOSTILE] }, 2)
  // eslint-disable-next-line no-control-regex -- that is what is looked for
  expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E\u2028\u{E0001}]/u)
  expect(text).toContain('é')
  expect(JSON.parse(text)).toEqual({ [HOSTILE]: [HOSTILE] })
})

test('text for people keeps its lines and tabs', () => {
  expect(printable('a\tb\nc é')).toBe('a\tb\nc é')
  expect(printable(HOSTILE)).toBe('a\\u{7}\\u{1b}[31m\\u{7f}\\u{9b}31m\\u{202e}\\u{2028}\\u{e0001}é')
  expect(printable('x'.repeat(10_000))).toHaveLength(10_000)
})
