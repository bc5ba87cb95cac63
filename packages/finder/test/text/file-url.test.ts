import { describe, expect, it } from 'vitest'
import { pathOfFileUrl } from '../../src/text/file-url.ts'

describe('pathOfFileUrl', () => {
  it.each([
    ['file:///a/x.aci', '/a/x.aci'],
    ['file:/a/x.aci', '/a/x.aci'],
    ['file://localhost/a/x.aci', '/a/x.aci'],
    ['FILE://LocalHost/a', '/a'],
    ['file:///a%20b%3F%23%25', '/a b?#%'],
    ['file:///%C3%A4', '/ä'],
    ['file:///ä', '/ä'],
    ['file:///a/../b/%2e%2e/c', '/c'],
    ['file:///a%5Cb', '/a\\b'],
    ['file:///', '/'],
    ['file:///a/', '/a'],
    ['file:///a//b', '/a/b'],
  ])('%s is %s', (text, path) => {
    expect(pathOfFileUrl(text, { windows: false })).toBe(path)
  })

  it.each([
    ['file:///C:/x%20y', 'C:\\x y'],
    ['file:/c:/x/', 'c:\\x'],
    ['file://localhost/C:/x', 'C:\\x'],
  ])('%s on Windows is %s', (text, path) => {
    expect(pathOfFileUrl(text, { windows: true })).toBe(path)
  })

  it.each([
    ['file:x', 'absolute path'],
    ['file:', 'absolute path'],
    ['file://', 'absolute path'],
    ['file://x', 'absolute path'],
    ['file://host/x', 'absolute path'],
    ['file://127.0.0.1/x', 'absolute path'],
    ['file://localhost:80/x', 'absolute path'],
    ['file://localhosts/x', 'absolute path'],
    ['file:////host/x', 'absolute path'],
    ['file://localhost//host/x', 'absolute path'],
    ['file://C:/x', 'absolute path'],
    ['file:///x?', 'no query'],
    ['file:///x#', 'no query'],
    ['file:///a\\b', '%5C'],
    ['file:///a%2Fb', 'percent-encoding'],
    ['file:///a%zz', 'percent-encoding'],
    ['file:///a%ff', 'percent-encoding'],
    ['file:///a%00b', 'control character'],
    ['file:///a%0Ab', 'control character'],
    ['file:///a b', 'white space'],
  ])('%s is refused: %s', (text, rule) => {
    expect(() => pathOfFileUrl(text, { windows: false })).toThrow(
      expect.objectContaining({ code: 'INVALID_REFERENCE', message: expect.stringContaining(rule) }),
    )
  })

  it.each(['file:///x', 'file:///C:/a%5Cb', 'file:///C:/a%2Fb'])('%s is refused on Windows', (text) => {
    expect(() => pathOfFileUrl(text, { windows: true })).toThrow(expect.objectContaining({ code: 'INVALID_REFERENCE' }))
  })
})
