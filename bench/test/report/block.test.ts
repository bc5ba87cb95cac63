import { expect, test } from 'vitest'
import { BLOCK_BEGIN, BLOCK_END, replaceBlock } from '../../src/report/block.ts'

const page = `# Page\n\n${BLOCK_BEGIN}\n\nold\n\n${BLOCK_END}\n\nrest\n`

test('replaces what stands between the markers and nothing else, again and again', () => {
  const once = replaceBlock(page, '\nnew\n')
  expect(once).toBe(`# Page\n\n${BLOCK_BEGIN}\n\nnew\n\n${BLOCK_END}\n\nrest\n`)
  expect(replaceBlock(once, 'new')).toBe(once)
})

test.each([
  { of: 'without markers', text: '# Page\n' },
  { of: 'without the second marker', text: `${BLOCK_BEGIN}\n` },
  { of: 'with the markers the wrong way round', text: `${BLOCK_END}\n${BLOCK_BEGIN}\n` },
])('a page $of is refused', ({ text }) => {
  expect(() => replaceBlock(text, 'new')).toThrow(
    'the file has no "<!-- bench:begin -->" before a "<!-- bench:end -->"',
  )
})
