import { expect, test } from 'vitest'
import { formatBytes, formatSpread, formatTable } from '../../src/report/markdown.ts'

test('a table has padded cells: words to the left, figures to the right', () => {
  expect(
    formatTable(
      ['work', 's'],
      [
        ['pull', '1.0'],
        ['push again', '–'],
      ],
      1,
    ),
  ).toBe(
    ['| work       |   s |', '| ---------- | --: |', '| pull       | 1.0 |', '| push again |   – |', ''].join('\n'),
  )
})

test('a spread is a median between extremes', () => {
  expect(formatSpread({ median: 1, least: 0.5, most: 2.25 }, 1)).toBe('1.0 (0.5..2.3)')
  expect(formatSpread(undefined, 1)).toBe('–')
})

test.each([
  { bytes: 0, text: '0.0 kB' },
  { bytes: 99_949, text: '99.9 kB' },
  { bytes: 100_000, text: '0.1 MB' },
  { bytes: 1_234_567_890, text: '1234.6 MB' },
])('$bytes bytes are $text', ({ bytes, text }) => {
  expect(formatBytes(bytes)).toBe(text)
})
