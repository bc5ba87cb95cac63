import { mkdir, symlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { ImageError } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dirTransport } from '../src/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

const transport = dirTransport()
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`

describe('parseReference', () => {
  it.each([
    '/',
    '/etc',
    '/etc/',
    'relativepath',
    './image',
    '../image',
    'a:b',
    '/etc:tag',
    `/etc@${DIGEST}`,
    '/with space',
    '~',
    'C:\\images\\app',
    'C:/images/app',
    '\\\\server\\share\\app',
    'x'.repeat(4096),
  ])('takes %s and prints what was typed', (text) => {
    const reference = transport.parseReference(text)
    expect(reference.toString()).toBe(text)
    expect(reference.path).toBe(text)
    expect(reference.folder).toBe(resolve(text))
  })

  it.each([
    ['', 'missing'],
    ['a\0b', 'NUL'],
    ['\0', 'NUL'],
    ['x'.repeat(4097), 'longer'],
  ])('refuses %j', (text, rule) => {
    expect(() => transport.parseReference(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_REFERENCE', message: expect.stringContaining(rule) }),
    )
  })

  it('answers any text at all with a reference that prints alike, or INVALID_REFERENCE', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60, unit: 'binary' }), (text) => {
        const refused = text === '' || text.includes('\0')
        if (!refused) return transport.parseReference(text).toString() === text
        expect(() => transport.parseReference(text)).toThrow(ImageError)
        return true
      }),
    )
  })

  it('makes a reference that cannot be changed, with neither tags nor a Docker reference, and that cannot be deleted', () => {
    const reference = transport.parseReference('/d')
    expect([reference, reference.policy, reference.policy?.namespaces].every(Object.isFrozen)).toBe(true)
    expect(Object.keys(reference).toSorted()).toEqual(
      ['folder', 'openDestination', 'openSource', 'path', 'policy', 'toString', 'transport'].toSorted(),
    )
  })
})

describe('policy', () => {
  it('looks up the folder with its links resolved, then its parents without itself and the root', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'real/image'), { recursive: true })
    await symlink(join(folder, 'real'), join(folder, 'link'), 'junction')
    const policy = transport.parseReference(join(folder, 'link/image/./.')).policy
    expect(policy).toEqual(transport.parseReference(join(folder, 'real/image')).policy)
    expect(policy?.identity.endsWith(join('real', 'image'))).toBe(true)
    const parents = policy?.namespaces ?? []
    expect(parents[0]).toBe(dirname(policy?.identity ?? ''))
    expect(parents).not.toContain(policy?.identity)
    expect(dirname(dirname(parents.at(-1) ?? ''))).toBe(dirname(parents.at(-1) ?? ''))
  })

  it.skipIf(process.platform === 'win32')('has no namespaces for the root and what is right below it', () => {
    expect(transport.parseReference('/').policy).toEqual({ identity: '/', namespaces: [] })
    expect(transport.parseReference('/nothing-of-this-name').policy?.namespaces).toEqual([])
  })
})

describe.skipIf(process.platform === 'win32')('validatePolicyScope', () => {
  it.each(['/etc', '/this/does/not/exist', '/a:b', '/a b'])('takes %s', (scope) => {
    expect(() => transport.validatePolicyScope(scope)).not.toThrow()
  })

  it.each(['relative/path', '/double//slashes', '/has/./dot', '/has/dot/../dot', '/trailing/slash/', '/', 'C:\\'])(
    'refuses %s',
    (scope) => {
      expect(() => transport.validatePolicyScope(scope)).toThrow(expect.objectContaining({ code: 'INVALID_REFERENCE' }))
    },
  )
})
