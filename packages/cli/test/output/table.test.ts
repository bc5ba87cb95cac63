import { styleText } from 'node:util'
import { expect, test } from 'vitest'
import { formatTable } from '../../src/output/table.ts'

test('columns are as wide as their widest cell, and the last one ends with its text', () => {
  expect(
    formatTable([
      ['a', 'bb', 'c'],
      ['aaa', 'b', 'longer'],
    ]),
  ).toBe('a    bb  c\naaa  b   longer\n')
})

test('style takes no width', () => {
  const red = styleText('red', 'a', { validateStream: false })
  expect(
    formatTable([
      [red, 'x'],
      ['bb', 'y'],
    ]),
  ).toBe(`${red}   x\nbb  y\n`)
})

test('no rows are no text', () => {
  expect(formatTable([])).toBe('')
})
