import { expect, test } from 'vitest'
import { BENCH_BLOCK, replaceBlock, STORE_BLOCK } from '../../src/report/block.ts'

const page = `# Page\n\n${BENCH_BLOCK.begin}\n\nold\n\n${BENCH_BLOCK.end}\n\nrest\n`

test('replaces what stands between the markers and nothing else, again and again', () => {
  const once = replaceBlock(page, '\nnew\n')
  expect(once).toBe(`# Page\n\n${BENCH_BLOCK.begin}\n\nnew\n\n${BENCH_BLOCK.end}\n\nrest\n`)
  expect(replaceBlock(once, 'new')).toBe(once)
})

test.each([
  { of: 'without markers', text: '# Page\n' },
  { of: 'without the second marker', text: `${BENCH_BLOCK.begin}\n` },
  { of: 'with the markers the wrong way round', text: `${BENCH_BLOCK.end}\n${BENCH_BLOCK.begin}\n` },
])('a page $of is refused', ({ text }) => {
  expect(() => replaceBlock(text, 'new')).toThrow(
    'the file has no "<!-- bench:begin -->" before a "<!-- bench:end -->"',
  )
})

test('a block has markers of its own', () => {
  const text = `${page}${STORE_BLOCK.begin}${STORE_BLOCK.end}`
  expect(replaceBlock(text, 'new', STORE_BLOCK)).toBe(`${page}${STORE_BLOCK.begin}\n\nnew\n\n${STORE_BLOCK.end}`)
})
