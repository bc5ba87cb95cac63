import { expect, test } from 'vitest'
import { isImitated } from '../src/links.ts'
import { ALL_LINKS, QUICK, STANDARD } from '../src/plan.ts'
import { scenarioOf } from '../src/scenarios.ts'

test.each([
  ['the standard set', STANDARD],
  ['the quick set', QUICK],
])('%s has no row twice, and no distance for what needs no registry', (_, sections) => {
  const rows = sections.flatMap(({ link, scenario, images }) =>
    images.map((image) => `${scenario} ${image} ${link.title}`),
  )
  expect(new Set(rows).size).toBe(rows.length)
  const near = sections.filter(({ scenario }) => !scenarioOf(scenario).remote)
  expect(near.map(({ link }) => link.title)).toEqual(near.map(() => ''))
})

test('the distances are these', () => {
  expect(ALL_LINKS.map(({ title }) => title)).toEqual([
    '',
    'over TLS',
    'round trip of 30 ms',
    '100 MB/s a connection',
    'round trip of 30 ms, 100 MB/s a connection',
  ])
  expect(ALL_LINKS.map(isImitated)).toEqual([false, false, true, true, true])
})
