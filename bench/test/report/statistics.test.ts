import { expect, test } from 'vitest'
import { median, spreadOf } from '../../src/report/statistics.ts'

test('the median of an even number is between the two in the middle', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([9, 1, 5])).toBe(5)
  expect(median([])).toBeNaN()
})

test('a spread is of what is a number', () => {
  expect(spreadOf([3, undefined, 1, Number.NaN, 8])).toEqual({ median: 3, least: 1, most: 8 })
  expect(spreadOf([undefined, Number.NaN])).toBeUndefined()
  expect(spreadOf([])).toBeUndefined()
})
