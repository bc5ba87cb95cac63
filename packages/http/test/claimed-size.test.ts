import { expect, test } from 'vitest'
import { claimedSize } from '../src/claimed-size.ts'

function claimed(status: number, headers: Readonly<Record<string, string>>): number | undefined {
  return claimedSize({ status, headers: { get: (name) => headers[name], all: () => [] } })
}

test.each([
  [200, { 'content-length': '0' }, 0],
  [200, { 'content-length': '12', 'content-encoding': 'identity' }, 12],
  [206, { 'content-length': '5', 'content-range': 'bytes 1-5/12' }, 12],
  [416, { 'content-length': '0', 'content-range': 'bytes */12' }, 12],
])('%i with %j says %i bytes', (status, headers, size) => {
  expect(claimed(status, headers)).toBe(size)
})

test.each([
  [200, {}],
  [200, { 'content-length': '12', 'content-encoding': 'gzip' }],
  [200, { 'content-length': '-1' }],
  [200, { 'content-length': '9007199254740992' }],
  [206, { 'content-length': '5' }],
  [206, { 'content-range': 'bytes 1-5/*' }],
  [206, { 'content-range': 'bytes 12-11/12' }],
  [416, { 'content-length': '12' }],
  [416, { 'content-range': 'bytes */*' }],
  [404, { 'content-length': '12' }],
])('%i with %j says nothing', (status, headers) => {
  expect(claimed(status, headers)).toBeUndefined()
})
