import { expect, test } from 'vitest'
import { cpu, fastestPeer, peersOf, ratioOf, seriesOf, valuesOf, wall } from '../../src/report/compare.ts'
import { series } from '../series.ts'

test('ratios are of one round each', () => {
  const [ours, theirs] = [series('crossdock', { wall: [0.5, 1.5, 1] }), series('skopeo', { wall: [1, 2, 4] })]
  expect(ratioOf(ours, theirs, wall)).toEqual({ median: 0.5, least: 0.25, most: 0.75 })
  expect(ratioOf(ours, theirs, cpu)).toEqual({ median: 0.5, least: 0.25, most: 0.75 })
  expect(valuesOf(theirs, cpu)).toEqual({ median: 1, least: 0.5, most: 2 })
})

test('a round that only one side has, or in which the other took nothing, has no ratio', () => {
  const ours = series('crossdock', { wall: [1, 3, 5] })
  expect(ratioOf(ours, series('skopeo', { wall: [0, 2] }), wall)).toEqual({ median: 1.5, least: 1.5, most: 1.5 })
  expect(ratioOf(ours, series('skopeo', {}), wall)).toBeUndefined()
})

test('the fastest peer has the least median, and is neither the floor nor this project, nor one that failed', () => {
  const result = {
    series: [
      series('skopeo', { wall: [2, 2, 0.1] }),
      series('crane', { wall: [1, 1.5, 9] }),
      series('oras', { problem: 'failed' }),
      series('crossdock', { wall: [0.1, 0.1, 0.1] }),
      series('floor', { wall: [0.1, 0.1, 0.1] }),
    ],
  }
  expect(fastestPeer(result)?.tool).toBe('crane')
  expect(peersOf(result).map(({ tool }) => tool)).toEqual(['skopeo', 'crane'])
  expect(seriesOf(result, 'oras')).toBeUndefined()
  expect(seriesOf(result, 'floor')?.tool).toBe('floor')
  expect(fastestPeer({ series: [] })).toBeUndefined()
})
