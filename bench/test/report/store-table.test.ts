import { expect, test } from 'vitest'
import { formatStoreTable } from '../../src/report/store-table.ts'

test('has a row for each kind of work, with what it took and how it grew', () => {
  const figure = { images: 1000, commandS: 0.2, peakBytes: 60e6, libraryMs: 2.5 }
  const rows = [
    { title: 'get', figures: [figure, { images: 10_000, commandS: 0.3, peakBytes: 70.4e6, libraryMs: 25 }] },
    {
      title: 'pull',
      figures: [figure, figure].map((each) => ({ ...each, peakBytes: undefined, libraryMs: undefined })),
    },
  ]
  const [head, , ...lines] = formatStoreTable(rows).trim().split('\n')
  expect(head).toContain('| 1,000 images, 10,000 blobs: command | 10,000 images, 100,000 blobs: command | grows |')
  expect(lines).toEqual([
    '| get | 0.200 s | 0.300 s | × 1.5 | 2.50 ms | 25 ms | × 10.0 | 70 |',
    '| pull | 0.200 s | 0.200 s | × 1.0 |  |  |  |  |',
  ])
})
