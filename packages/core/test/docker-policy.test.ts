import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  digestOf,
  dockerPolicyIdentity,
  dockerScopeProblem,
  parseDockerReference,
  type PolicyIdentity,
} from '../src/index.ts'

const DIGEST = digestOf(new Uint8Array())
const policyOf = (text: string): PolicyIdentity => dockerPolicyIdentity(parseDockerReference(text))

describe('dockerPolicyIdentity', () => {
  const table = JSON.parse(
    readFileSync(new URL('fixtures/containers-image/policy-names.json', import.meta.url), 'utf8'),
  ) as { TestDockerReference: [{ rows: Record<string, string[]> }] } // a file of this package

  it.each(Object.entries(table.TestDockerReference[0].rows))('namespaces of %s', (name, expected) => {
    expect(policyOf(`${name}:tag`)).toStrictEqual({ identity: `${expected[0]}:tag`, namespaces: expected })
    expect(policyOf(`${name}@${DIGEST}`)).toStrictEqual({ identity: `${expected[0]}@${DIGEST}`, namespaces: expected })
  })

  it('looks a host with the port 443 up without it, too', () => {
    expect(policyOf('example.com:443/a:t')).toStrictEqual({
      identity: 'example.com:443/a:t',
      namespaces: ['example.com:443/a', 'example.com:443', 'example.com/a:t', 'example.com/a', 'example.com', '*.com'],
    })
    expect(policyOf('example.com:5443/a:t').namespaces).not.toContain('example.com')
  })

  it('is the same however a host is typed', () => {
    expect(policyOf('Registry.EXAMPLE.com:5000/a:T')).toStrictEqual(policyOf('registry.example.com:5000/a:T'))
    expect(policyOf('DOCKER.io/alpine:T')).toStrictEqual(policyOf('alpine:T'))
  })

  it('looks a reference with tag and digest up as either', () => {
    expect(policyOf(`example.com/a/b:t@${DIGEST}`)).toStrictEqual({
      identity: `example.com/a/b:t@${DIGEST}`,
      namespaces: [
        `example.com/a/b@${DIGEST}`,
        'example.com/a/b:t',
        'example.com/a/b',
        'example.com/a',
        'example.com',
        '*.com',
      ],
    })
  })
})

describe('dockerScopeProblem', () => {
  it('is none of a scope that a reference is looked up by', () => {
    for (const text of ['a', 'a:b', `example.com:80/a/b:t@${DIGEST}`, 'localhost/x', '127.0.0.1:5000/x']) {
      const { identity, namespaces } = policyOf(text)
      for (const scope of [identity, ...namespaces]) expect(dockerScopeProblem(scope)).toBeUndefined()
    }
  })

  it('is told of a host in upper case, under which nothing is looked up', () => {
    expect(dockerScopeProblem('Quay.io/team')).toContain('quay.io')
  })

  // Scopes of policy files in use.
  it.each([
    'registry.access.redhat.com',
    'registry.redhat.io',
    'docker.io/openshift',
    'quay.io/podman',
    '*.example.com',
    'localhost:5000',
  ])('is none of %s', (scope) => {
    expect(dockerScopeProblem(scope)).toBeUndefined()
  })

  it.each([
    ['busybox', 'a repository is written with its host'],
    ['library/busybox', 'write docker.io/library/busybox'],
    ['https://docker.io', ''],
    ['*.example.com/a', 'without port and path'],
    ['*.example.com:80', 'without port and path'],
    ['docker.io/', ''],
    ['/a', 'does not begin with a host'],
    ['*', ''],
    ['index.docker.io/library/a', 'are looked up as docker.io'],
    ['docker.io/A', 'lower'],
    ['a b.c', ''],
  ])('%s, which no reference has', (scope, problem) => {
    expect(dockerScopeProblem(scope)).toContain(problem)
  })
})
