import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHeaders } from '../src/headers.ts'
import { linkTarget } from '../src/index.ts'

function next(...links: string[]): string | undefined {
  return linkTarget(createHeaders(links.flatMap((link) => ['Link', link])), 'next')
}

test.each([
  ['</v2/a/tags/list?last=b&n=2>; rel="next"', '/v2/a/tags/list?last=b&n=2'],
  ['<https://example.com/x,y>; rel=next', 'https://example.com/x,y'],
  ['< /x >;REL="Next"', '/x'],
  ['</x>; title="a, <b>; rel=prev"; rel="next"', '/x'],
  ['</p>; rel="prev", </n>; rel="next"', '/n'],
  ['</x>; rel="prev next"', '/x'],
  ['</x>; rel = "next"', '/x'],
  ['<>; rel="next"', ''],
])('%s', (header, target) => expect(next(header)).toBe(target))

test.each([
  '',
  '</x>',
  '</x>; rel="prev"',
  '/x; rel="next"',
  '</x; rel="next"',
  '</x>; title="rel=next"',
  '</x>; crel="next"',
])('%j has none', (header) => expect(next(header)).toBeUndefined())

test('the relation may be in a later header', () => expect(next('</a>; rel="first"', '</b>; rel="next"')).toBe('/b'))

test('whatever comes, it does not throw and takes linear time', () => {
  const pieces = fc.constantFrom('<', '>', '"', ';', ',', 'rel', '=', 'next', '\\', ' ', '/x')
  fc.assert(fc.property(fc.array(pieces, { maxLength: 100 }), (parts) => void next(parts.join(''))))
  const started = performance.now()
  for (const piece of ['<', '<>', '";', '; rel', ' ;', ';\t']) next(piece.repeat(8000))
  expect(performance.now() - started).toBeLessThan(5000)
})
