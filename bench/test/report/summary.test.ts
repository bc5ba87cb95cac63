import { expect, test } from 'vitest'
import { createLink } from '../../src/links.ts'
import { formatSummary, nameOf } from '../../src/report/summary.ts'
import { NO_OPERATION } from '../../src/rounds.ts'
import { row, series } from '../series.ts'

const far = createLink({ rttMs: 30 })

function cellsOf(text: string): readonly (readonly string[])[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    )
}

test('each row is compared with every peer, with the fastest of them and with the floor', () => {
  const text = formatSummary(
    [
      row({
        series: [
          series('skopeo', { wall: [2, 2], traffic: { requests: 4 } }),
          series('oras', { wall: [1, 4], traffic: { requests: 5 } }),
          series('crossdock', { wall: [1, 1], peakMb: [70, 90], traffic: { requests: 3 } }),
          series('floor', { wall: [0.5, 1] }),
        ],
      }),
    ],
    [],
  )
  expect(cellsOf(text)).toEqual([
    [
      'work',
      'image',
      'fastest peer',
      'wall s',
      '/ fastest peer',
      '/ skopeo',
      '/ oras',
      '/ floor',
      'CPU / fastest peer',
      'peak MB',
      'requests',
      'fewest of a peer',
    ],
    expect.anything(),
    [
      'registry → folder',
      'big',
      'skopeo',
      '1.000 (1.000..1.000)',
      '0.50 (0.50..0.50)',
      '0.50',
      '0.63',
      '1.50',
      '0.50',
      '90',
      '3',
      '4',
    ],
  ])
  expect(text).not.toContain('Not measured')
})

test('every distance has a table, and what is missing in one is named', () => {
  const text = formatSummary(
    [
      row({ series: [series('crossdock', { wall: [1] })] }),
      row({
        link: far,
        scenario: 'inspect',
        image: 'tiny',
        series: [series('crossdock', { problem: 'failed' }), series('skopeo', { wall: [1] })],
      }),
    ],
    [{ ...row({ series: [] }), link: createLink({ tls: true }), reason: 'openssl is needed' }],
  )
  expect(text).toContain('On this machine, without distance:')
  expect(text).toContain('Registries: round trip of 30 ms:')
  expect(cellsOf(text)[2]).toEqual([
    'registry → folder',
    'big',
    '–',
    '1.000 (1.000..1.000)',
    '–',
    '–',
    '–',
    '50',
    '–',
    '–',
  ])
  expect(cellsOf(text)[5]).toEqual(['inspect', '–', 'skopeo', '', '', '', '', '', '', '', ''])
  expect(text).toContain(
    'Not measured:\n\n- inspect, round trip of 30 ms: crossdock failed\n- registry → folder, big, over TLS: openssl is needed\n',
  )
})

test.each([
  { of: { link: far, scenario: 'pull', image: 'many' } as const, name: 'registry → folder, many, round trip of 30 ms' },
  { of: { link: createLink(), scenario: 'list-tags', image: 'tiny' } as const, name: 'list 200 tags' },
])('a row is called $name', ({ of, name }) => {
  expect(nameOf(of)).toBe(name)
})

test('what a tool cannot do is said once for all images, what went wrong for each of them', () => {
  const images = (['many', 'big'] as const).map((image) => {
    const failed = series('skopeo', { problem: `failed with ${image}` })
    return row({ scenario: 'save', image, series: [series('oras', { problem: NO_OPERATION }), failed] })
  })
  const text = formatSummary(images, [])
  expect(text.split('\n').filter((line) => line.startsWith('- '))).toEqual([
    '- registry → docker-archive: oras has no such operation',
    '- registry → docker-archive, many: skopeo failed with many',
    '- registry → docker-archive, big: skopeo failed with big',
  ])
})
