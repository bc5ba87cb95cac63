import { isTag } from '@crossdock/core'
import { expect, test } from 'vitest'
import { referrersTag } from '../src/index.ts'
import vectors from './fixtures/referrers-tag-vectors.json' with { type: 'json' }

test.each(vectors)('$digest', ({ digest, tag }) => {
  expect(referrersTag(digest)).toBe(tag)
  expect(isTag(tag)).toBe(true)
})

test('what is no digest has no tag', () => {
  expect(() => referrersTag('sha256')).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
  expect(() => referrersTag(':x')).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
})
