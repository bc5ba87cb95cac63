import { readRootTree } from '@crossdock/archive'
import { bytesBody, ImageError } from '@crossdock/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { findPath } from '../../src/root-filesystem/find-path.ts'
import { file, folder, symlink, tarOf } from './write-image.ts'

const chain = Array.from({ length: 42 }, (_, at) => symlink(`chain/${at}`, at === 0 ? '/etc/one' : String(at - 1)))
const tree = await readRootTree([
  bytesBody(
    await tarOf([
      folder('etc'),
      file('etc/one', '1'),
      symlink('etc/beside', 'one'),
      symlink('etc/absolute', '/etc/one'),
      symlink('etc/up', '../../../../etc/./one'),
      symlink('etc/out', '../../../../../proc/self/environ'),
      symlink('link', 'etc'),
      symlink('deep/er/link', '../../link/beside'),
      symlink('round', 'about'),
      symlink('about', 'round'),
      symlink('self', 'self/x'),
      symlink('top', '/'),
      ...chain,
    ]),
  ),
])

test.each([
  ['/etc/one', 'etc/one'],
  ['etc//./one', 'etc/one'],
  ['/', ''],
  ['', ''],
  ['/etc/../..', ''],
  ['/../../etc/one', 'etc/one'],
  ['/etc/beside', 'etc/one'],
  ['/etc/absolute', 'etc/one'],
  ['/etc/up', 'etc/one'],
  ['/link', 'etc'],
  ['/link/beside', 'etc/one'],
  ['/link/../etc/one', 'etc/one'],
  ['/deep/er/link', 'etc/one'],
  ['/top/top/link/one', 'etc/one'],
  ['/chain/39', 'etc/one'],
])('%j leads to %j', (text, path) => {
  expect(findPath(tree, text).path).toBe(path)
})

test.each([
  ['/etc/two', '"/etc" has no "two"'],
  ['/link/two', '"/etc" has no "two"'],
  ['/etc/out', '"/" has no "proc"'],
  ['/etc/one/more', '"/etc/one" is no folder'],
  ['/etc/one/..', '"/etc/one" is no folder'],
  ['/\u001B[31m', 'has no "\\u{1b}[31m"'],
])('%j is not there: %s', (text, why) => {
  expect(() => findPath(tree, text)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  expect(() => findPath(tree, text)).toThrow(why)
})

test.each(['/round', '/self', '/chain/40'])('%j leads over too many links', (text) => {
  expect(() => findPath(tree, text)).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
})

test('whatever is asked for, what is found is in the image and no link', () => {
  const part = fc.constantFrom('..', '.', '', 'etc', 'one', 'link', 'top', 'deep', 'er', 'beside', 'round', 'none')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const found = outcome(parts.join('/'))
      expect([...PLACES, 'NOT_FOUND', 'INVALID_DATA']).toContain(found)
    }),
  )
})

/** All that is in the tree and no link. */
const PLACES = ['', 'etc', 'etc/one', 'deep', 'deep/er', 'chain']

/** Where a path leads, or the code of the failure. */
function outcome(text: string): string {
  try {
    return findPath(tree, text).path
  } catch (error) {
    return error instanceof ImageError ? error.code : String(error)
  }
}
