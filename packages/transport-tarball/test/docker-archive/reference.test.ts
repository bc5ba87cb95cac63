import { resolve } from 'node:path'
import { imageName } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dockerArchiveTransport } from '../../src/index.ts'

const transport = dockerArchiveTransport()

describe('names of docker archives', () => {
  it.each([
    ['a.tar', { path: 'a.tar' }, 'a.tar'],
    ['/a b/c.tar', { path: '/a b/c.tar' }, '/a b/c.tar'],
    ['a@b.tar', { path: 'a@b.tar' }, 'a@b.tar'],
    ['a.tar:app', { path: 'a.tar' }, 'a.tar:docker.io/library/app:latest'],
    ['a.tar:app:1', { path: 'a.tar' }, 'a.tar:docker.io/library/app:1'],
    ['a.tar:docker.io/library/app:1', { path: 'a.tar' }, 'a.tar:docker.io/library/app:1'],
    ['a.tar:h.example:5000/team/app:1', { path: 'a.tar' }, 'a.tar:h.example:5000/team/app:1'],
    ['a.tar:@0', { path: 'a.tar', index: 0 }, 'a.tar:@0'],
    ['a.tar:@12', { path: 'a.tar', index: 12 }, 'a.tar:@12'],
    ['C:\\a.tar:app:1', { path: 'C:\\a.tar' }, 'C:\\a.tar:docker.io/library/app:1'],
    ['C:/a.tar', { path: 'C:/a.tar' }, 'C:/a.tar'],
    ['C:a', { path: 'C' }, 'C:docker.io/library/a:latest'],
  ])('%s', (text, { path, ...selection }, printed) => {
    const reference = transport.parseReference(text)
    expect(reference.path).toBe(path)
    expect(reference.file).toBe(resolve(path))
    expect(reference.index).toBe('index' in selection ? selection.index : undefined)
    const tag = printed.includes('docker.io/') || printed.includes('h.example') ? printed.split(':').at(-1) : undefined
    expect(reference.dockerReference?.tag).toBe(tag)
    expect(reference.toString()).toBe(printed)
    expect(imageName(transport.parseReference(printed))).toBe(`docker-archive:${printed}`)
    expect(reference.policy).toBeUndefined()
    expect(reference.openDestination === undefined).toBe(reference.index !== undefined)
  })

  it.each([
    ['', 'path of the file is missing'],
    [':app', 'path of the file is missing'],
    ['a.tar:', 'name behind the colon'],
    ['a.tar:@', 'whole number'],
    ['a.tar:@-1', 'whole number'],
    ['a.tar:@01', 'whole number'],
    ['a.tar:@1234567890', 'whole number'],
    ['a.tar:App', 'not a valid image reference'],
    ['a.tar:app:', 'a tag takes'],
    ['a.tar:app:a/b/..', 'not a valid image reference'],
    [`a.tar:app@sha256:${'a'.repeat(64)}`, 'not by digest'],
    [`a.tar:app:1@sha256:${'a'.repeat(64)}`, 'not by digest'],
    [`a.tar:${'a'.repeat(64)}`, 'image ID'],
    ['a\0.tar', 'NUL'],
    ['a'.repeat(5000), 'longer than'],
  ])('refuses %j', (text, problem) => {
    expect(() => transport.parseReference(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_REFERENCE', message: expect.stringContaining(problem) }),
    )
  })

  it('print so that they read back', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}$/)
    const name = fc
      .tuple(part, part, fc.stringMatching(/^[A-Za-z0-9_][\w.-]{0,9}$/))
      .map(([a, b, tag]) => `${a}/${b}:${tag}`)
    const suffix = fc.oneof(
      fc.constant(''),
      name.map((text) => `:${text}`),
      fc.nat(1e8).map((place) => `:@${place}`),
    )
    fc.assert(
      fc.property(fc.stringMatching(/^[^:\0]{2,20}$/), suffix, (path, rest) => {
        const printed = transport.parseReference(path + rest).toString()
        expect(transport.parseReference(printed).toString()).toBe(printed)
        expect(transport.parseReference(printed).path).toBe(path)
      }),
    )
  })

  it.each(['/a', 'docker.io/library/app', '*'])('have no policy scope %s', (scope) => {
    expect(() => transport.validatePolicyScope(scope)).toThrow(/only the default scope/)
  })
})
