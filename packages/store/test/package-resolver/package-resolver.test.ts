import { describe, expect, it } from 'vitest'
import { createPackageResolver, packageName } from '../../src/index.ts'

const resolver = createPackageResolver({
  pkg: (path) => packageName({ image: path.replace('./', ''), hash: 'abc' }),
  nothing: () => '',
  failing: () => Promise.reject(new Error('no such folder')),
})

describe('names that are worked out', () => {
  it('are what the resolver of the word says, and other texts are their own names', async () => {
    expect(await resolver.resolve('@pkg:./init')).toBe('docker.io/linuxkit/init:abc')
    expect(await resolver.resolve('alpine:3.20')).toBe('alpine:3.20')
    expect(await resolver.resolve('')).toBe('')
  })

  it.each([
    ['@', 'INVALID_REFERENCE'],
    ['@pkg', 'INVALID_REFERENCE'],
    ['@pkg:', 'INVALID_REFERENCE'],
    ['@:x', 'INVALID_REFERENCE'],
    ['@other:x', 'UNSUPPORTED'],
    ['@constructor:x', 'UNSUPPORTED'],
    ['@nothing:x', 'INVALID_REFERENCE'],
  ])('%j fails with %s', async (text, code) => {
    await expect(resolver.resolve(text)).rejects.toMatchObject({ code })
  })

  it('fail with what the resolver fails with', async () => {
    await expect(resolver.resolve('@failing:x')).rejects.toThrow('no such folder')
  })

  it('are not worked out once they are not wanted any more', async () => {
    await expect(resolver.resolve('@pkg:x', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    )
  })
})

describe('names of packages', () => {
  it.each([
    [{ image: 'x', hash: 'h' }, 'docker.io/linuxkit/x:h'],
    [{ image: 'x', hash: 'h', organisation: 'o', registry: 'reg.example:5000' }, 'reg.example:5000/o/x:h'],
    [
      { image: 'x', hash: 'h', tag: 'v1-{{.Hash}}-{{ .Arch }}', values: { Arch: 'arm64' } },
      'docker.io/linuxkit/x:v1-h-arm64',
    ],
  ])('of %j', (facts, expected) => {
    expect(packageName(facts)).toBe(expected)
  })

  it.each([
    [{ image: 'x', hash: 'h', tag: '{{.Other}}' }, 'INVALID_DATA'],
    [{ image: 'x', hash: 'h', tag: '{{.Hash' }, 'INVALID_DATA'],
    [{ image: 'x', hash: 'a b' }, 'INVALID_DATA'],
    [{ image: 'X', hash: 'h' }, 'INVALID_REFERENCE'],
  ])('of %j fail with %s', (facts, code) => {
    expect(() => packageName(facts)).toThrow(expect.objectContaining({ code }))
  })
})
