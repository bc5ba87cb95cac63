import { digestOf, dockerPolicyIdentity, imageName } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dockerTransport } from '../src/index.ts'

const docker = dockerTransport({ resume: false })
const DIGEST = digestOf(new Uint8Array())

describe('parseReference', () => {
  it.each([
    ['//alpine', '//alpine:latest', 'docker.io/library/alpine:latest'],
    ['//alpine:3.20', '//alpine:3.20', 'docker.io/library/alpine:3.20'],
    ['//docker.io/library/alpine:3.20', '//alpine:3.20', 'docker.io/library/alpine:3.20'],
    ['//index.docker.io/a/b', '//a/b:latest', 'docker.io/a/b:latest'],
    [`//alpine@${DIGEST}`, `//alpine@${DIGEST}`, `docker.io/library/alpine@${DIGEST}`],
    [`//alpine:3.20@${DIGEST}`, `//alpine:3.20@${DIGEST}`, `docker.io/library/alpine:3.20@${DIGEST}`],
    ['//localhost:5000/a/b:c', '//localhost:5000/a/b:c', 'localhost:5000/a/b:c'],
    ['//Example.COM:5000/a:C', '//example.com:5000/a:C', 'example.com:5000/a:C'],
    ['//Index.Docker.io/a/b', '//a/b:latest', 'docker.io/a/b:latest'],
  ])('%s', (text, printed, identity) => {
    const reference = docker.parseReference(text)
    expect(reference.toString()).toBe(printed)
    expect(reference.policy.identity).toBe(identity)
    expect(docker.parseReference(printed).policy).toEqual(reference.policy)
    expect(imageName(reference)).toBe(`docker:${printed}`)
  })

  it.each([
    'alpine',
    '/alpine',
    '//',
    '//A',
    '//a:',
    '//a@',
    '//a@sha256:0',
    '//a//b',
    '//a/../b',
    '//x%2fy',
    '//x?y=z',
    '//x#y',
  ])('refuses %s', (text) => {
    expect(() => docker.parseReference(text)).toThrowError(expect.objectContaining({ code: 'INVALID_REFERENCE' }))
  })

  it('does not show a password that was written into the name', () => {
    for (const text of [
      '//user:s3cret@example.com/a',
      'user:s3cret@example.com/a',
      `user:s3cret@example.com/a@sha256:${'0'.repeat(64)}`,
    ]) {
      expect(() => docker.parseReference(text)).toThrowError(
        expect.objectContaining({ message: expect.not.stringContaining('s3cret') }),
      )
    }
  })

  it('prints what it reads back, whatever the name', () => {
    // What has a dot would be a host, and one that ends in a number an address.
    const component = fc.stringMatching(/^[a-z0-9]+(?:[._-][a-z][a-z0-9]*)?$/, { maxLength: 12 })
    const host = fc.constantFrom('', 'localhost/', 'localhost:5000/', 'example.com/', 'docker.io/', 'a.b.c:1/')
    const tag = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,10}$/))
    fc.assert(
      fc.property(host, fc.array(component, { minLength: 1, maxLength: 3 }), tag, fc.boolean(), (h, path, t, d) => {
        const name = path.join('/')
        fc.pre(!/^[0-9a-f]{64}$/.test(name))
        const text = `//${h}${name}${t === null ? '' : `:${t}`}${d ? `@${DIGEST}` : ''}`
        const reference = docker.parseReference(text)
        const again = docker.parseReference(reference.toString())
        expect(again.dockerReference).toEqual(reference.dockerReference)
        expect(again.toString()).toBe(reference.toString())
      }),
    )
  })
})

describe('policy', () => {
  it('is that of the Docker reference', () => {
    const { policy, dockerReference } = docker.parseReference('//example.com/a:t')
    expect(policy).toStrictEqual(dockerPolicyIdentity(dockerReference))
  })

  it.each([
    ['Quay.io', 'quay.io'],
    ['Quay.io/team', 'quay.io'],
    ['Quay.io:5000/a:T', 'quay.io:5000'],
    ['*.Example.com', '*.example.com'],
  ])('refuses the scope %s, which would never count', (scope, host) => {
    expect(() => docker.validatePolicyScope(scope)).toThrow(`images are looked up: ${host}`)
  })

  it('takes every other scope, whether a reference can have it or not', () => {
    for (const scope of ['docker.io/library/busybox', 'quay.io/a:T', 'busybox', '*', 'https://docker.io']) {
      expect(() => docker.validatePolicyScope(scope)).not.toThrow()
    }
  })
})
