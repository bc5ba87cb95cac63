import { expect, test } from 'vitest'
import { formatDetail } from '../../src/report/detail.ts'
import { row, series } from '../series.ts'

test('every tool has a line with its figures, and ours as a ratio to them, with extremes', () => {
  const text = formatDetail('registry → folder', [
    row({
      image: 'tiny',
      series: [
        series('skopeo', { wall: [1, 2, 4], traffic: { requests: 4, sent: 10, received: 2_000_000 } }),
        series('crossdock', {
          wall: [0.5, 1.5, 1],
          peakMb: [100, 101, 99],
          traffic: { requests: 3, received: 1_000_000 },
        }),
      ],
    }),
  ])
  const cells = text.split('\n').map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  )
  expect(text.split('\n')[1]).toBe('### registry → folder')
  expect(cells[5]).toEqual([
    'tiny',
    'skopeo (fastest peer)',
    '2.000 (1.000..4.000)',
    '0.50 (0.25..0.75)',
    '1.000 (0.500..2.000)',
    '0.50 (0.25..0.75)',
    '50 (50..50)',
    '2.00 (1.98..2.02)',
    '4',
    '0.75',
    '0.0 kB',
    '2.0 MB',
    '0.50',
  ])
  expect(cells[6]?.slice(0, 4)).toEqual(['tiny', 'crossdock', '1.000 (0.500..1.500)', '–'])
})

test('what could not be measured has a line without figures, and its reason below the table', () => {
  const text = formatDetail('folder → folder', [
    row({
      series: [
        series('crane', { problem: 'has no such operation' }),
        series('crossdock', { problem: 'failed with exit code 6: gone' }),
      ],
    }),
  ])
  expect(text).toMatch(/^\| big +\| crane +\| +– \|( +– \|){10}$/m)
  expect(text).toContain(
    '\n\n- crane with big: has no such operation\n- crossdock with big: failed with exit code 6: gone\n',
  )
})
