import { expect, test } from 'vitest'
import { bytesBody } from '../src/index.ts'

test('bytesBody opens again and again, from any offset', async () => {
  const body = bytesBody(Uint8Array.of(1, 2, 3))
  expect(body.size).toBe(3)
  for (const [offset, expected] of [
    [undefined, [1, 2, 3]],
    [0, [1, 2, 3]],
    [2, [3]],
    [3, []],
    [4, []],
  ] as const) {
    const seen: number[] = []
    for await (const chunk of body.open(offset)) seen.push(...chunk)
    expect(seen).toEqual(expected)
  }
})
