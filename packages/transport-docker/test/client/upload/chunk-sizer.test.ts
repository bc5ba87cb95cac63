import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createChunkSizer } from '../../../src/client/upload/chunk-sizer.ts'

const MIB = 1024 * 1024

it('grows with the speed, up to a second a chunk and 256 MiB', () => {
  const sizer = createChunkSizer({ chunkBytes: undefined, minChunkBytes: 0 })
  expect(sizer.next()).toBe(5 * MIB)
  sizer.took(5 * MIB, 500)
  expect(sizer.next()).toBe(10 * MIB)
  sizer.took(10 * MIB, 10)
  expect(sizer.next()).toBe(40 * MIB)
  sizer.took(40 * MIB, 10)
  expect(sizer.next()).toBe(160 * MIB)
  sizer.took(160 * MIB, 10)
  expect(sizer.next()).toBe(256 * MIB)
  sizer.took(256 * MIB, 100_000)
  expect(sizer.next()).toBe(5 * MIB)
})

it('stays with a size that was set, and with what the registry bears', () => {
  const sizer = createChunkSizer({ chunkBytes: 4 * MIB, minChunkBytes: 0 })
  sizer.took(4 * MIB, 1)
  expect(sizer.next()).toBe(4 * MIB)
  expect(sizer.shrink()).toBe(true)
  expect(sizer.next()).toBe(2 * MIB)
  sizer.took(2 * MIB, 1)
  expect(sizer.next()).toBe(2 * MIB)
  expect(sizer.shrink()).toBe(true)
  expect(sizer.shrink()).toBe(false)
})

it('never goes below what the registry demands', () => {
  fc.assert(
    fc.property(
      fc.option(fc.integer({ min: 1, max: 100 * MIB }), { nil: undefined }),
      fc.integer({ min: 0, max: 100 * MIB }),
      fc.array(fc.option(fc.integer({ min: 0, max: 10_000 })), { maxLength: 20 }),
      (chunkBytes, minChunkBytes, steps) => {
        const sizer = createChunkSizer({ chunkBytes, minChunkBytes })
        for (const ms of steps) {
          if (ms === null) sizer.shrink()
          else sizer.took(sizer.next(), ms)
          expect(sizer.next()).toBeGreaterThanOrEqual(Math.max(1, minChunkBytes))
          expect(Number.isInteger(sizer.next())).toBe(true)
        }
      },
    ),
  )
})
