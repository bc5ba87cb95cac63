import { join, resolve } from 'node:path'
import { symlink, writeFile } from 'node:fs/promises'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ociArchiveTransport } from '../../src/index.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const transport = ociArchiveTransport()
const DIGEST = `sha256:${'a'.repeat(64)}`

describe('names of OCI archives', () => {
  it.each([
    ['a.tar', { path: 'a.tar' }],
    ['a.tar:app', { path: 'a.tar', name: 'app' }],
    ['a.tar:team/app:1', { path: 'a.tar', name: 'team/app:1' }],
    ['a.tar:t@0', { path: 'a.tar', name: 't@0' }],
    ['a.tar:@0', { path: 'a.tar', index: 0 }],
    [`a.tar@${DIGEST}`, { path: 'a.tar', digest: DIGEST }],
    [`a.tar:app@${DIGEST}`, { path: 'a.tar', name: 'app', digest: DIGEST }],
    ['a@b.tar', { path: 'a@b.tar' }],
    ['C:\\a.tar:app', { path: 'C:\\a.tar', name: 'app' }],
    ['C:a', { path: 'C', name: 'a' }],
  ])('%s', (text, parts) => {
    const reference = transport.parseReference(text)
    const { path, name, digest, index } = reference
    expect({ path, name, digest, index }).toEqual({ name: undefined, digest: undefined, index: undefined, ...parts })
    expect(reference.file).toBe(resolve(path))
    expect(reference.toString()).toBe(text)
    expect(reference.openDestination === undefined).toBe(index !== undefined)
  })

  it('an empty name is none', () => {
    expect(transport.parseReference('a.tar:').toString()).toBe('a.tar')
  })

  it.each(['', ':app', 'a.tar:@', 'a.tar:@-1', 'a.tar:a b', 'a.tar:.a', 'a.tar@sha256:0', `a.tar:@0@${DIGEST}`, 'a\0'])(
    'refuses %j',
    (text) => {
      expect(() => transport.parseReference(text)).toThrow(expect.objectContaining({ code: 'INVALID_REFERENCE' }))
    },
  )

  it('print so that they read back', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9]{1,5}([-._:@+/][A-Za-z0-9]{1,5}){0,3}$/)
    fc.assert(
      fc.property(fc.stringMatching(/^[^:@\0]{2,20}$/), name, fc.boolean(), (path, text, withDigest) => {
        const typed = `${path}:${text}${withDigest ? `@${DIGEST}` : ''}`
        expect(transport.parseReference(typed).toString()).toBe(typed)
      }),
    )
  })

  it('are known to a policy by the file, its links resolved, and the folders above', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'a.tar'), '')
    await symlink('a.tar', join(folder, 'link.tar'))
    const { policy } = transport.parseReference(`${join(folder, 'link.tar')}:app`)
    expect(policy?.identity.endsWith('/a.tar')).toBe(true)
    expect(policy?.namespaces[0]).toBe(policy?.identity)
    expect(policy?.namespaces).not.toContain('/')
    for (const scope of [policy!.identity, ...policy!.namespaces]) transport.validatePolicyScope(scope)
  })

  it.each(['etc', '/', '/a/', '/a//b', '/a/../b'])('have no policy scope %s', (scope) => {
    expect(() => transport.validatePolicyScope(scope)).toThrow(expect.objectContaining({ code: 'INVALID_REFERENCE' }))
  })
})
