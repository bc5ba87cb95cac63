import { ImageError } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cleanPath } from '../../src/index.ts'
import { linkTarget } from '../../src/members/clean-path.ts'

describe('cleanPath', () => {
  test.each([
    ['a', 'a'],
    ['./a', 'a'],
    ['a/', 'a'],
    ['a//b', 'a/b'],
    ['././a/./b/.', 'a/b'],
    ['.', ''],
    ['./', ''],
    ['...', '...'],
    ['.a/..b/c..', '.a/..b/c..'],
    ['a\\..\\b', 'a\\..\\b'],
    ['c:x', 'c:x'],
    ['a\nb', 'a\nb'],
    ['__proto__', '__proto__'],
  ])('"%s" is "%s"', (path, clean) => {
    expect(cleanPath(path)).toBe(clean)
  })

  test.each([
    ['', 'is empty'],
    ['/', 'absolute'],
    ['/a', 'absolute'],
    ['//a', 'absolute'],
    ['..', '".."'],
    ['../a', '".."'],
    ['a/..', '".."'],
    ['a/../b', '".."'],
    ['./../a', '".."'],
    ['a\0b', 'NUL'],
    ['a/\0', 'NUL'],
    ['a/'.repeat(2049), 'longer than 4096'],
  ])('%j is refused', (path, says) => {
    expect(() => cleanPath(path)).toThrow(says)
  })

  test('an absolute path may count from the root of the archive', () => {
    expect(cleanPath('//etc/./passwd', { absolute: 'strip' })).toBe('etc/passwd')
    expect(cleanPath('/', { absolute: 'strip' })).toBe('')
    expect(() => cleanPath('/../etc', { absolute: 'strip' })).toThrow('".."')
  })

  test.each(['a\\b', 'c:\\a', 'c:a', 'a:stream'])('%s is refused for Windows', (path) => {
    expect(() => cleanPath(path, { windows: true })).toThrow('has a "\\" or ":"')
  })

  test('whatever is accepted is clean and stays inside', () => {
    const part = fc.constantFrom('a', 'b', '.', '..', '', '...', '\\', 'é', ' ')
    const rule = fc.constantFrom<'refuse' | 'strip'>('refuse', 'strip')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), rule, (parts, absolute) => {
        const path = parts.join('/')
        const isRefused = path === '' || parts.includes('..') || (path.startsWith('/') && absolute === 'refuse')
        const clean = parts.filter((name) => name !== '' && name !== '.').join('/')
        expect(resultOf(() => cleanPath(path, { absolute }))).toBe(isRefused ? 'INVALID_DATA' : clean)
      }),
      { numRuns: 2000 },
    )
  })
})

function resultOf(work: () => string): string {
  try {
    return work()
  } catch (error) {
    return error instanceof ImageError ? error.code : String(error)
  }
}

describe('linkTarget', () => {
  test.each([
    ['a/layer.tar', '../b/layer.tar', 'b/layer.tar'],
    ['a', 'b', 'b'],
    ['a/b', './c', 'a/c'],
    ['a/b', '..', ''],
    ['a/b/c', '../../d//e', 'd/e'],
    ['a', '../b', undefined],
    ['a/b', '../../c', undefined],
    ['a/b', '../../a/c', undefined],
    ['a', '/etc/passwd', undefined],
    ['a', 'b\0c', undefined],
    ['a', '', undefined],
  ])('%s -> %s', (path, link, target) => {
    expect(linkTarget(path, link)).toBe(target)
  })
})
