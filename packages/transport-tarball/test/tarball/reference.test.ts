import { resolve } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tarballTransport } from '../../src/index.ts'

const transport = tarballTransport()

describe('lists of tar files', () => {
  it.each([
    ['a.tar', ['a.tar']],
    ['a.tar:/b.tar:c', ['a.tar', '/b.tar', 'c']],
    ['C:\\a.tar:D:/b.tar:c', ['C:\\a.tar', 'D:/b.tar', 'c']],
    ['a.tar:C:\\b.tar', ['a.tar', 'C:\\b.tar']],
    ['C:a', ['C', 'a']],
    ['./-', ['./-']],
    ['-', ['-']],
  ])('%s', (text, paths) => {
    const reference = transport.parseReference(text)
    expect(reference.paths).toEqual(paths)
    expect(reference.files).toEqual(paths.map((path) => (path === '-' ? path : resolve(path))))
    expect(reference.toString()).toBe(text)
    expect(reference.policy).toBeUndefined()
    expect(reference.openDestination).toBeUndefined()
  })

  it.each(['', ':', 'a:', ':a', 'a::b', '-:a', 'a:-', 'a\0', 'a'.repeat(5000)])('refuses %j', (text) => {
    expect(() => transport.parseReference(text)).toThrow(expect.objectContaining({ code: 'INVALID_REFERENCE' }))
  })

  it('print so that they read back', () => {
    const path = fc.oneof(fc.stringMatching(/^[^:\0-][^:\0]{1,9}$/), fc.stringMatching(/^[A-Z]:[\\/][^:\0]{1,9}$/))
    fc.assert(
      fc.property(fc.array(path, { minLength: 1, maxLength: 4 }), (paths) => {
        const reference = transport.parseReference(paths.join(':'))
        expect(reference.paths).toEqual(paths)
        expect(reference.toString()).toBe(paths.join(':'))
      }),
    )
  })

  it('have no policy scope', () => {
    expect(() => transport.validatePolicyScope('/a')).toThrow(/only the default scope/)
  })
})
