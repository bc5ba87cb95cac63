import { posix, win32 } from 'node:path'
import { describe, expect, it } from 'vitest'
import { typedPath } from '../../src/text/typed-path.ts'

describe('typedPath', () => {
  it.each([
    ['/x/../y', '/y'],
    ['//h/x', '/h/x'],
    ['./x', '/images/x'],
    ['..', '/'],
    ['.\\x', '/images/.\\x'],
    ['a\\b.aci', '/images/a\\b.aci'],
    ['C:\\x', undefined],
    ['\\\\server\\share', undefined],
    ['...', undefined],
    ['.x', undefined],
  ])('%s on POSIX is %s', (text, path) => {
    expect(typedPath(text, '/images', posix)).toBe(path)
  })

  it.each([
    ['C:\\x\\..\\y', 'C:\\y'],
    ['C:/x', 'C:\\x'],
    ['\\\\server\\share\\x', '\\\\server\\share\\x'],
    ['/x', 'D:\\x'],
    ['.\\x', 'D:\\work\\x'],
    ['./x', 'D:\\work\\x'],
    ['..\\x', 'D:\\x'],
    ['a/x.tar.gz', 'D:\\work\\a\\x.tar.gz'],
    ['C:x', undefined],
    ['C:x.tar', undefined],
    ['alpine', undefined],
  ])('%s on Windows is %s', (text, path) => {
    expect(typedPath(text, 'D:\\work', win32)).toBe(path)
  })
})
