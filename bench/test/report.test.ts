import { expect, test } from 'vitest'
import type { Measurement } from '../src/measure.ts'
import { formatScenario, median } from '../src/report.ts'
import type { Series } from '../src/rounds.ts'

function series(name: string, wall: readonly number[], failure?: string): Series {
  const measurements = wall.map((wallS): Measurement => ({
    exitCode: 0,
    wallS,
    cpuS: wallS / 2,
    peakBytes: 50e6,
    stderr: '',
  }))
  const tool = { name, version: '1', command: () => [] }
  return { tool, measurements, traffic: { requests: 3, sent: 10, received: 2e6 }, failure }
}

test('ratios are of one round each', () => {
  const text = formatScenario('pull', [
    { image: 'tiny', series: [series('skopeo', [1, 2, 4]), series('crossdock', [0.5, 1.5, 1])] },
  ])
  expect(text.split('\n').slice(3)).toEqual([
    '| image | tool | wall s | / skopeo | CPU s | / skopeo | peak MB | requests | sent | received |',
    '| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |',
    '| tiny | skopeo | 2.000 (1.000..4.000) | – | 1.00 (0.50..2.00) | – | 50 | 3 | 0.0 kB | 2.0 MB |',
    '| tiny | crossdock | 1.000 (0.500..1.500) | 0.50 (0.25..0.75) | 0.50 (0.25..0.75) | 0.50 (0.25..0.75) | 50 | 3 | 0.0 kB | 2.0 MB |',
    '',
  ])
})

test('what failed is named below the table and has no row', () => {
  const text = formatScenario('pull', [{ image: 'tiny', series: [series('crossdock', [], 'exit code 6: gone')] }])
  expect(text).toContain('\ncrossdock failed with tiny: exit code 6: gone\n')
  expect(text).not.toContain('| crossdock')
  expect(text).toContain('pull')
})

test('the median of an even number is between the two in the middle', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([9, 1, 5])).toBe(5)
  expect(median([])).toBeNaN()
})
