import { mkdir, symlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { ImageError } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatLayoutLocation as formatLocation, type LayoutLocation } from '@crossdock/formats'
import { parseLocation, policyOf, validateScope } from '../src/reference.ts'
import { ociDirTransport } from '../src/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

const HEX = '0123456789abcdef'.repeat(4)
const DIGEST = `sha256:${HEX}`
const SHA512 = `sha512:${HEX}${HEX}`

describe('parseLocation', () => {
  it.each([
    ['/', { path: '/' }],
    ['/etc', { path: '/etc' }],
    ['relativepath', { path: 'relativepath' }],
    ['./layout:3.20', { path: './layout', name: '3.20' }],
    ['/foo/bar:busybox:latest', { path: '/foo/bar', name: 'busybox:latest' }],
    ['/l:docker.io/library/alpine:3.20', { path: '/l', name: 'docker.io/library/alpine:3.20' }],
    ['/l:a--b_c+d@e', { path: '/l', name: 'a--b_c+d@e' }],
    ['/l:t@0', { path: '/l', name: 't@0' }],
    ['/l:@0', { path: '/l', index: 0 }],
    ['/l:@999999', { path: '/l', index: 999_999 }],
    [`/l@${DIGEST}`, { path: '/l', digest: DIGEST }],
    [`/l@${SHA512}`, { path: '/l', digest: SHA512 }],
    [`/l:3.20@${DIGEST}`, { path: '/l', name: '3.20', digest: DIGEST }],
    [`/home/me@work/l@${DIGEST}`, { path: '/home/me@work/l', digest: DIGEST }],
    ['/home/me@work/l', { path: '/home/me@work/l' }],
    ['/l@', { path: '/l@' }],
    ['C:\\foo\\bar', { path: 'C:\\foo\\bar' }],
    ['C:\\foo\\bar:busybox:latest', { path: 'C:\\foo\\bar', name: 'busybox:latest' }],
    ['C:/foo/bar:busybox', { path: 'C:/foo/bar', name: 'busybox' }],
    [`d:/l@${DIGEST}`, { path: 'd:/l', digest: DIGEST }],
  ])('reads %s', (text, location) => {
    expect(parseLocation(text)).toEqual(location)
    expect(formatLocation(parseLocation(text))).toBe(text)
  })

  it.each(['/dir3:', `/dir3:@${DIGEST}`])('takes an empty name for none: %s', (text) => {
    expect(parseLocation(text).name).toBeUndefined()
    expect(formatLocation(parseLocation(text))).toBe(text.replace(':@', '@').replace(/:$/, ''))
  })

  it.each([
    ['', 'path'],
    [':', 'path'],
    [':tag', 'path'],
    [`@${DIGEST}`, 'path'],
    ['/l:@', 'place'],
    ['/l:@-1', 'place'],
    ['/l:@-5', 'place'],
    ['/l:@invalidIndex', 'place'],
    ['/l:@01', 'place'],
    ['/l:@1.5', 'place'],
    ['/l:@5abc', 'place'],
    ['/l:@99999999999999999999', 'place'],
    [`/l:@1@${DIGEST}`, 'not both'],
    ['/l:has space', 'a name is'],
    ['/l:a..b', 'a name is'],
    ['/l:a---b', 'a name is'],
    ['/l:-a', 'a name is'],
    ['/l:a-', 'a name is'],
    ['/l:a//b', 'a name is'],
    ['/l:/a', 'a name is'],
    ['/l:../../x', 'a name is'],
    ['/l:a\nb', 'a name is'],
    ['/l:ä', 'a name is'],
    ['/l\0', 'NUL'],
    [`/l@sha256:${HEX.slice(1)}`, 'hexadecimal'],
    [`/l@sha256:${HEX.toUpperCase()}`, 'hexadecimal'],
    ['/l@md5:0123', 'hexadecimal'],
    [`/l:t@sha256:${HEX}0`, 'hexadecimal'],
    ['a'.repeat(5000), 'longer'],
  ])('refuses %j', (text, rule) => {
    const refused = capture(() => parseLocation(text))
    expect(refused.code).toBe('INVALID_REFERENCE')
    expect(refused.message).toContain(rule)
    expect(refused.message.length).toBeLessThan(600)
  })

  it('prints what it reads, whatever that is', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9]{1,8}$/)
    const joiner = fc.constantFrom('.', '_', '-', ':', '@', '+', '--', '/')
    const name = fc
      .tuple(part, fc.array(fc.tuple(joiner, part), { maxLength: 4 }))
      .map(([first, rest]) => first + rest.flat().join(''))
      .filter((text) => !/@(sha256|sha384|sha512|md5|blake3)(:|$)/.test(text))
    const path = fc.stringMatching(/^[^:\0]{1,30}$/).filter((text) => !/@(sha256|sha384|sha512|md5|blake3)$/.test(text))
    const selection = fc.oneof(
      fc.constant(''),
      name.map((text) => `:${text}`),
      fc.nat(999_999_999).map((index) => `:@${index}`),
      fc.constant(`@${DIGEST}`),
      name.map((text) => `:${text}@${DIGEST}`),
    )
    const drive = fc.constantFrom('', 'C:\\', 'd:/')
    fc.assert(
      fc.property(drive, path, selection, (letter, folder, chosen) => {
        const location = parseLocation(letter + folder + chosen)
        expect(formatLocation(location)).toBe(letter + folder + chosen)
        expect(location.path).toBe(letter + folder)
      }),
    )
  })

  it('answers any text at all with a location that prints to an equal one, or INVALID_REFERENCE', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 40, unit: fc.constantFrom('a', 'C', ':', '@', '/', '\\', '-', '.', '0', ' ') }),
        (text) => {
          const location = parseOrFailure(text)
          if (location instanceof ImageError) return location.code === 'INVALID_REFERENCE'
          expect(parseLocation(formatLocation(location))).toEqual(location)
          return true
        },
      ),
    )
  })

  it.each(['a-', 'a.', 'a/', '-', '__', 'a:', 'a@'])('is quick with many %j', (piece) => {
    const started = performance.now()
    expect(() => parseLocation(`/l:${piece.repeat(2000)}!`)).toThrow(ImageError)
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

describe('policyOf', () => {
  it('gives the folder with its links resolved, then itself and its parents without the root', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'real/layout'), { recursive: true })
    await symlink(join(folder, 'real'), join(folder, 'link'), 'junction')
    const { identity, namespaces } = policyOf(join(folder, 'link/layout'))
    expect(identity.endsWith(join('real', 'layout'))).toBe(true)
    expect(namespaces.slice(0, 2)).toEqual([identity, dirname(identity)])
    expect(namespaces.at(-1)).not.toBe(dirname(namespaces.at(-1) ?? ''))
  })

  it('resolves as far as the path exists', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'real'))
    await symlink(join(folder, 'real'), join(folder, 'link'), 'junction')
    expect(policyOf(join(folder, 'link/not/there')).identity).toBe(policyOf(join(folder, 'real/not/there')).identity)
    expect(policyOf(join(folder, 'link/not/there')).identity.endsWith(join('real', 'not', 'there'))).toBe(true)
  })
})

describe.skipIf(process.platform === 'win32')('validateScope', () => {
  it.each(['/etc', '/this/does/not/exist', '/etc:tag', '/etc:a/b:1', '/etc:a b'])('takes %s', (scope) => {
    expect(() => validateScope(scope)).not.toThrow()
  })
  it.each(['relative/path', '/', '/double//slashes', '/has/./dot', '/has/dot/../dot', '/trailing/slash/', 'C:', 'E'])(
    'refuses %s',
    (scope) => {
      expect(capture(() => validateScope(scope)).code).toBe('INVALID_REFERENCE')
    },
  )
})

describe('a reference', () => {
  const transport = ociDirTransport()

  it('keeps the folder that was meant when it was parsed, and prints what was typed', () => {
    const reference = transport.parseReference('./some/layout:3.20')
    expect(reference.toString()).toBe('./some/layout:3.20')
    expect(reference.folder).toBe(resolve('some/layout'))
    expect(reference.policy?.identity).toBe(policyOf('some/layout').identity)
    expect(reference.dockerReference).toBeUndefined()
  })

  it('is immutable', () => {
    const reference = transport.parseReference('/l:t')
    expect(Object.isFrozen(reference)).toBe(true)
    expect(Object.isFrozen(reference.policy)).toBe(true)
  })

  it('by its place is for reading only', () => {
    expect(transport.parseReference('/l:@0').openDestination).toBeUndefined()
    expect(transport.parseReference('/l:t').openDestination).toBeDefined()
  })
})

function parseOrFailure(text: string): LayoutLocation | ImageError {
  try {
    return parseLocation(text)
  } catch (reason) {
    if (reason instanceof ImageError) return reason
    throw reason
  }
}

function capture(work: () => unknown): ImageError {
  try {
    work()
  } catch (reason) {
    if (reason instanceof ImageError) return reason
    throw reason
  }
  throw new Error('nothing was thrown')
}
