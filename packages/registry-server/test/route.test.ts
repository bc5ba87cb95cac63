import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkRepository, findRoute } from '../src/route.ts'

const none = new URLSearchParams()

test('a repository may be named like a part of the API', () => {
  expect(findRoute('GET', '/v2/a/blobs/uploads/manifests/v1', none)).toEqual({
    kind: 'manifest',
    repository: 'a/blobs/uploads',
    reference: 'v1',
  })
  expect(findRoute('GET', '/v2/manifests/blobs/sha256:x', none)).toMatchObject({
    kind: 'blob',
    repository: 'manifests',
  })
  expect(findRoute('GET', '/v2/a/tags/list/tags/list', none)).toEqual({ kind: 'tags', repository: 'a/tags/list' })
  expect(findRoute('POST', '/v2/a/blobs/uploads', none)).toEqual({ kind: 'upload', repository: 'a', session: '' })
})

test('mount is a POST with mount and nothing else', () => {
  const mount = new URLSearchParams({ mount: 'sha256:x' })
  expect(findRoute('POST', '/v2/a/blobs/uploads/', mount)).toMatchObject({ kind: 'mount' })
  expect(findRoute('POST', '/v2/a/blobs/uploads/', none)).toMatchObject({ kind: 'upload' })
  expect(findRoute('PATCH', '/v2/a/blobs/uploads/', mount)).toMatchObject({ kind: 'upload' })
  expect(findRoute('POST', '/v2/a/blobs/uploads/id', mount)).toMatchObject({ kind: 'upload' })
})

test('every name of the grammar is found again in every route', () => {
  const component = fc.stringMatching(/^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/, { maxLength: 20 })
  const name = fc.array(component, { minLength: 1, maxLength: 4 }).map((components) => components.join('/'))
  fc.assert(
    fc.property(name, (repository) => {
      for (const rest of ['blobs/x', 'manifests/x', 'tags/list', 'referrers/x', 'blobs/uploads/', 'blobs/uploads/x']) {
        expect(findRoute('GET', `/v2/${repository}/${rest}`, none)).toMatchObject({ repository })
      }
      checkRepository(repository)
    }),
  )
})

test('any path is a route, and none throws', () => {
  fc.assert(
    fc.property(fc.string(), (path) => {
      expect(findRoute('GET', `/v2/${path}`, none).kind).toMatch(/^[a-z]+$/)
    }),
  )
})

test.each(['', 'A', '/a', 'a/', 'a//b', '-a', 'a-', 'a..b', 'a___b', '../a', 'a/../b', 'a b', 'ä', 'a'.repeat(241)])(
  '"%s" is no repository',
  (name) => {
    expect(() => checkRepository(name)).toThrow('is not a repository name')
  },
)

test('signatures have a path of their own', () => {
  const path = '/extensions/v2/a/signatures/b/signatures/sha256:x'
  expect(findRoute('GET', path, none)).toEqual({ kind: 'signatures', repository: 'a/signatures/b', digest: 'sha256:x' })
})
