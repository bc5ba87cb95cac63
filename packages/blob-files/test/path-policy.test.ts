import { mkdir, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pathPolicy, pathScopeProblem } from '../src/path-policy.ts'
import { temporaryFolder } from './temporary-folder.ts'

describe('pathPolicy', () => {
  it('gives the path with its links resolved, as far as it exists', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'real/there'), { recursive: true })
    await symlink(join(folder, 'real'), join(folder, 'link'), 'junction')
    for (const rest of ['there', 'not/there']) {
      const { identity } = pathPolicy(join(folder, 'link', rest), { namespacesFrom: 'path' })
      expect(identity).toBe(pathPolicy(join(folder, 'real', rest), { namespacesFrom: 'parent' }).identity)
      expect(identity.endsWith(join('real', rest))).toBe(true)
    }
  })

  it('lists the folders above, from the path or from its parent on, without the root', async () => {
    const folder = await temporaryFolder()
    const { identity, namespaces } = pathPolicy(join(folder, 'a/b'), { namespacesFrom: 'path' })
    expect(namespaces.slice(0, 3)).toEqual([identity, dirname(identity), dirname(dirname(identity))])
    const last = namespaces.at(-1) ?? ''
    expect(dirname(last)).not.toBe(last)
    expect(dirname(dirname(last))).toBe(dirname(last))
    expect(pathPolicy(join(folder, 'a/b'), { namespacesFrom: 'parent' })).toEqual({
      identity,
      namespaces: namespaces.slice(1),
    })
  })

  it.skipIf(process.platform === 'win32').each(['/', '/nothing-of-this-name'])(
    'has no parents to list of %s',
    (path) => {
      expect(pathPolicy(path, { namespacesFrom: 'parent' })).toEqual({ identity: path, namespaces: [] })
    },
  )

  it('cannot be changed', () => {
    const policy = pathPolicy('a', { namespacesFrom: 'path' })
    expect([policy, policy.namespaces].every(Object.isFrozen)).toBe(true)
  })
})

describe.skipIf(process.platform === 'win32')('pathScopeProblem', () => {
  it.each(['/etc', '/this/does/not/exist', '/a b', '/a:b'])('finds none with %s', (scope) => {
    expect(pathScopeProblem(scope)).toBeUndefined()
  })

  it.each([
    ['relative/path', 'absolute'],
    ['.', 'absolute'],
    ['', 'absolute'],
    ['/', 'root'],
    ['//', 'clean'],
    ['/double//slashes', 'clean'],
    ['/has/./dot', 'clean'],
    ['/has/dot/../dot', 'clean'],
    ['/trailing/slash/', 'clean'],
  ])('finds one with %s', (scope, word) => {
    expect(pathScopeProblem(scope)).toContain(word)
  })
})
