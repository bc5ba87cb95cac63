import { digestOf } from '@crossdock/core'
import { array, asyncProperty, assert, constantFrom, tuple } from 'fast-check'
import { expect, it } from 'vitest'
import { matchFilters, memberOf } from '../../src/filters/match-filters.ts'
import type { ImageRecord } from '../../src/image-names.ts'
import { openTestStore } from '../open-test-store.ts'

function fieldOf({ name, target, labels }: ImageRecord, path: readonly string[]): string | undefined {
  const [first = '', ...rest] = path
  if (path.join('.') === 'target.digest') return target.digest
  if (path.join('.') === 'target.mediatype') return target.mediaType
  if (rest.length > 0) return first === 'labels' ? memberOf(labels, rest) : memberOf(target.annotations, rest)
  return first === 'name' ? name : undefined
}

const values = ['a', 'b', '"', '\\', 'a,b', '😀', '1', '%', "'"]
const clause = tuple(
  constantFrom('name', 'labels.a', 'labels."b/c"', 'labels."\\""', 'target.digest', 'annotations.a', 'labels', 'other'),
  constantFrom('==', '!=', '~='),
  constantFrom(...values),
).map(([field, operator, value]) =>
  value === '1' ? field : `${field}${operator}"${value.replaceAll(/["\\]/g, operator === '~=' ? '\\\\\\$&' : '\\$&')}"`,
)
const filters = array(
  array(clause, { maxLength: 3 }).map((clauses) => clauses.join(',')),
  { maxLength: 3 },
)

it('finds by SQL what is found by looking at all', async () => {
  const { images } = await openTestStore({ database: ':memory:' })
  for (const [index, value] of values.entries()) {
    const digest = digestOf(new TextEncoder().encode(value))
    const target = { mediaType: 'a/b', digest, size: 1, annotations: { a: values[index % 3] ?? '' } }
    await images.put({ name: value, target, labels: { a: values[(index * 2) % 9] ?? '', 'b/c': 'b', '"': value } })
  }
  const all = await images.list()
  await assert(
    asyncProperty(filters, async (wanted) => {
      const expected = all.filter(matchFilters(wanted, fieldOf)).map(({ name }) => name)
      expect((await images.list(wanted)).map(({ name }) => name)).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})
