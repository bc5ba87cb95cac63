import { digestOf, type Descriptor } from '@crossdock/core'
import { expect, test } from 'vitest'
import { renderRows } from '../../src/progress/bars.ts'
import { createProgressState, describeEvent } from '../../src/progress/progress-state.ts'

const blob = (text: string, size: number): Descriptor => ({
  mediaType: 'application/octet-stream',
  digest: digestOf(new TextEncoder().encode(text)),
  size,
})

test('events add up', () => {
  const state = createProgressState()
  const [big, kept, reused] = [blob('big', 1000), blob('kept', 500), blob('reused', 200)]
  state.update({ type: 'plan', manifests: 1, blobs: 3, bytes: 1700 })
  state.update({ type: 'blob:reused', digest: reused.digest, size: 200 })
  state.update({ type: 'blob:start', blob: big, offset: 0 })
  state.update({ type: 'blob:start', blob: kept, offset: 400 })
  state.update({ type: 'blob:bytes', digest: big.digest, position: 300, size: 1000 })
  expect(state).toMatchObject({ blobs: 3, blobsDone: 1, bytes: 1700, bytesDone: 900, bytesMoved: 300 })
  state.update({ type: 'blob:done', digest: kept.digest, size: 500, moved: 100 })
  expect(state).toMatchObject({ blobsDone: 2, bytesDone: 1000, bytesMoved: 400 })
  state.update({ type: 'blob:done', digest: big.digest, size: 1000, moved: 1000 })
  expect(state).toMatchObject({ blobsDone: 3, bytesDone: 1700, bytesMoved: 1100 })
  expect(state.active.size).toBe(0)
})

test('a blob that starts over moves again', () => {
  const state = createProgressState()
  const big = blob('big', 1000)
  state.update({ type: 'blob:start', blob: big, offset: 0 })
  state.update({ type: 'blob:bytes', digest: big.digest, position: 600, size: 1000 })
  state.update({ type: 'blob:start', blob: big, offset: 0 })
  expect(state).toMatchObject({ bytesDone: 0, bytesMoved: 600 })
})

test('only what people should know becomes a line', () => {
  const big = blob('big', 2_000_000)
  expect(describeEvent({ type: 'blob:start', blob: big, offset: 0 })).toBeUndefined()
  expect(describeEvent({ type: 'blob:start', blob: big, offset: 1_000_000 })).toMatch(/going on at 1\.0 MB of 2\.0 MB$/)
  expect(describeEvent({ type: 'note', level: 'warning', message: 'careful' })).toBe('warning: careful')
  const retry = {
    type: 'retry',
    what: 'blob x',
    code: 'UNAVAILABLE',
    reason: 'cut',
    attempt: 1,
    attempts: 4,
    delayMs: 500,
  } as const
  expect(describeEvent(retry)).toBe('blob x: cut; trying again in 0.5 s (attempt 2 of 4)')
  expect(describeEvent({ ...retry, reason: 'blob x: cut', delayMs: 0 })).toBe(
    'blob x: cut; trying again at once (attempt 2 of 4)',
  )
})

test('a row for each blob in flight, the largest first, and one for all', () => {
  const state = createProgressState()
  state.update({ type: 'plan', manifests: 1, blobs: 12, bytes: 78_000 })
  for (let size = 1; size <= 12; size += 1) {
    state.update({ type: 'blob:start', blob: blob(`blob ${size}`, size * 1000), offset: 0 })
  }
  const rows = renderRows(state, 1000)
  expect(rows).toHaveLength(10)
  expect(rows[0]).toContain('0 B of 12.0 kB')
  expect(rows[8]).toContain('and 4 more')
  expect(rows[9]).toContain('0 of 12 blobs, 0 B of 78.0 kB')
})
