import { imageShapes } from '@crossdock/test-images'
import { describe, expect, test } from 'vitest'
import { HELP, readOptions } from '../src/options.ts'
import { QUICK, type Section, STANDARD } from '../src/plan.ts'
import { scenarioNames } from '../src/scenarios.ts'

function flat(sections: readonly Section[]): readonly string[] {
  return sections.flatMap(({ link, scenario, images }) =>
    images.map((image) => [scenario, image, link.title].join(' ').trim()),
  )
}

describe('what is measured', () => {
  test('without options: the standard set with three rounds', () => {
    const { sections, runs, mode, tools } = readOptions([])
    expect({ sections, runs, mode, tools }).toEqual({ sections: STANDARD, runs: 3, mode: 'measure', tools: undefined })
  })

  test('--store: small stores and large ones, smaller with --quick', () => {
    expect(readOptions(['--store'])).toMatchObject({ mode: 'store', storeSizes: [1000, 10_000], runs: 3 })
    expect(readOptions(['--store', '--quick'])).toMatchObject({ mode: 'store', storeSizes: [100, 1000] })
  })

  test('--quick: a set of its own with two rounds, or as many as are asked for', () => {
    expect(readOptions(['--quick'])).toMatchObject({ sections: QUICK, runs: 2 })
    expect(readOptions(['--quick', '--runs', '5']).runs).toBe(5)
  })

  test.each([
    {
      argv: ['--scenarios', 'pull,inspect', '--images', 'many,big'],
      rows: ['pull many', 'pull big', 'inspect many'],
    },
    {
      argv: ['--scenarios', 'push,version,folder', '--images', 'tiny', '--rtt', '30'],
      rows: ['push tiny round trip of 30 ms', 'version tiny', 'folder tiny'],
    },
    {
      argv: ['--scenarios', 'pull', '--images', 'big', '--tls', '--rtt', '12.5', '--bandwidth', '100'],
      rows: ['pull big over TLS, round trip of 12.5 ms, 100 MB/s a connection'],
    },
    {
      argv: ['--full', '--scenarios', 'mount,folder', '--images', 'many'],
      rows: [
        'mount many',
        'folder many',
        'mount many over TLS',
        'mount many round trip of 30 ms',
        'mount many 100 MB/s a connection',
        'mount many round trip of 30 ms, 100 MB/s a connection',
      ],
    },
    { argv: ['--profile', 'pull'], rows: ['pull multi'] },
    { argv: ['--profile', 'push', '--images', 'big', '--rtt', '5'], rows: ['push big round trip of 5 ms'] },
  ])('$argv', ({ argv, rows }) => {
    expect(flat(readOptions(argv).sections)).toEqual(rows)
  })

  test('a distance alone measures every scenario with the usual images, at that distance alone', () => {
    const { sections } = readOptions(['--bandwidth', '50'])
    expect(new Set(sections.map(({ scenario }) => scenario))).toEqual(new Set(scenarioNames))
    expect(flat(sections).filter((row) => row.startsWith('pull '))).toEqual(
      ['tiny', 'multiarch', 'many', 'files', 'multi', 'big'].map((image) => `pull ${image} 50 MB/s a connection`),
    )
  })

  test('--full has every image that takes long, too', () => {
    expect(flat(readOptions(['--full']).sections)).toContain('pull incompressible over TLS')
  })
})

test.each([
  { argv: ['--check-link', '--rtt', '30'], mode: 'check-link' },
  { argv: ['--profile', 'pull'], mode: 'profile' },
  { argv: ['--help', '--profile', 'pull'], mode: 'help' },
])('$argv is $mode', ({ argv, mode }) => {
  expect(readOptions(argv).mode).toBe(mode)
})

test('the other options are taken as they are', () => {
  const argv = ['--tools', 'skopeo,crossdock', '--scale', '0.1', '--embedded', '--out', 'a.md', '--into', 'b.md']
  expect(readOptions(argv)).toMatchObject({
    tools: ['skopeo', 'crossdock'],
    scale: 0.1,
    embedded: true,
    goals: false,
    out: 'a.md',
    into: 'b.md',
  })
  expect(readOptions(['--goals']).goals).toBe(true)
})

test.each([
  { argv: ['--images', 'huge'], says: `--images: "huge" is none of ${imageShapes.join(', ')}` },
  { argv: ['--scenarios', 'pull,'], says: '--scenarios: "" is none of pull, push' },
  { argv: ['--profile', 'all'], says: '--scenarios: "all" is none of' },
  { argv: ['--runs', '0'], says: '--runs takes a number above 0, not "0"' },
  { argv: ['--runs', '2.5'], says: '--runs takes a whole number, not "2.5"' },
  { argv: ['--rtt', 'far'], says: '--rtt takes a number above 0, not "far"' },
  { argv: ['--bandwidth', '0'], says: '--bandwidth takes a number above 0' },
  { argv: ['--scale', 'Infinity'], says: '--scale takes a number above 0' },
  { argv: ['--quick', '--full'], says: '--quick has scenarios, images and distances of its own' },
  { argv: ['--quick', '--images', 'big'], says: '--quick has scenarios, images and distances of its own' },
  { argv: ['--full', '--rtt', '30'], says: '--full has distances of its own' },
  { argv: ['--goals', '--scale', '0.5'], says: '--goals is about images of their own size' },
  { argv: ['--fast'], says: "Unknown option '--fast'" },
  { argv: ['big'], says: "Unexpected argument 'big'" },
])('$argv is refused', ({ argv, says }) => {
  expect(() => readOptions(argv)).toThrow(says)
})

test('the help has every option', () => {
  const flags = [
    'images',
    'scenarios',
    'tools',
    'runs',
    'quick',
    'full',
    'tls',
    'rtt',
    'bandwidth',
    'scale',
    'embedded',
  ]
  for (const flag of [...flags, 'goals', 'profile', 'check-link', 'out', 'into'])
    expect(HELP).toMatch(new RegExp(`^  --${flag}\\s`, 'm'))
  expect(Math.max(...HELP.split('\n').map((line) => line.length))).toBeLessThanOrEqual(130)
})
