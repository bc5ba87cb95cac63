import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ImageReference, type ImageTransport, dockerPolicyIdentity, parseDockerReference } from '@crossdock/core'
import { acceptingPolicy, chooseRequirements, type Policy } from '../../src/index.ts'
import { rowsOf } from './tables.ts'
import { docker, dockerImage, folders } from './test-transports.ts'

type Scoped = { readonly transport: string; readonly scope: string }
type Looked = {
  readonly input: string
  readonly inputTransport: string
  readonly matched: string
  readonly matchedTransport: string
}

/** A policy whose every scope is listed with nothing but its name to tell it by. */
function policyOf(scopes: readonly Scoped[]): Policy {
  const transports = new Map<string, Map<string, Policy['default']>>()
  for (const { transport, scope } of scopes) {
    const known = transports.get(transport) ?? new Map<string, Policy['default']>()
    transports.set(transport, known.set(scope, [{ type: 'reject' }]))
  }
  return { default: [{ type: 'insecureAcceptAnything' }], transports }
}

function reference(transport: string, text: string): ImageReference {
  const named: ImageTransport = { ...docker, name: transport }
  if (transport === 'dir') return { ...folders.parseReference(text), transport: folders }
  return { transport: named, policy: dockerPolicyIdentity(parseDockerReference(text)), toString: () => text }
}

const D = `sha256:${'a'.repeat(64)}`

describe('chooseRequirements', () => {
  const [scopes = [], looked = []] = rowsOf<Scoped & Looked>(
    'policy_eval_test',
    'TestPolicyContextRequirementsForImageRef',
  )
  it.each(looked)('finds $matchedTransport "$matched" for $inputTransport:$input', (row) => {
    const { scope } = chooseRequirements(policyOf(scopes), reference(row.inputTransport, row.input))
    expect([scope.transport ?? '', scope.scope ?? '']).toEqual([row.matchedTransport, row.matched])
  })

  const nested = [
    'example.com/team/app:1',
    `example.com/team/app@${D}`,
    'example.com/team/app',
    'example.com/team',
    'example.com',
    '*.com',
    '',
  ]
  it('takes the most specific scope, with a name that has tag and digest by both, by the digest, by the tag, by the repository', () => {
    const image = dockerImage(`example.com/team/app:1@${D}`)
    const order = [
      `example.com/team/app:1@${D}`,
      `example.com/team/app@${D}`,
      'example.com/team/app:1',
      ...nested.slice(2),
    ]
    order.forEach((scope, index) => {
      const policy = policyOf(order.slice(index).map((one) => ({ transport: 'docker', scope: one })))
      expect(chooseRequirements(policy, image).scope).toEqual({
        transport: 'docker',
        scope,
        lookedFor: order.slice(0, index + 1),
      })
    })
  })

  it('has no scope of a digest for a name with a tag, nor the other way round', () => {
    const policy = policyOf(nested.slice(0, 2).map((scope) => ({ transport: 'docker', scope })))
    expect(chooseRequirements(policy, dockerImage('example.com/team/app:1')).scope.scope).toBe('example.com/team/app:1')
    expect(chooseRequirements(policy, dockerImage(`example.com/team/app@${D}`)).scope.scope).toBe(
      `example.com/team/app@${D}`,
    )
    expect(chooseRequirements(policy, dockerImage('example.com/team/app:2')).scope.scope).toBeUndefined()
  })

  it('does not merge lists: the most specific one stands alone', () => {
    const policy: Policy = {
      default: [{ type: 'reject' }],
      transports: new Map([['docker', new Map([['example.com', [{ type: 'insecureAcceptAnything' as const }]]])]]),
    }
    expect(chooseRequirements(policy, dockerImage('example.com/app:1')).requirements).toEqual([
      { type: 'insecureAcceptAnything' },
    ])
    expect(chooseRequirements(policy, dockerImage('example.org/app:1')).requirements).toEqual([{ type: 'reject' }])
  })

  it('stops at the end of a component', () => {
    const policy = policyOf([{ transport: 'docker', scope: 'example.com/team' }])
    expect(chooseRequirements(policy, dockerImage('example.com/team-evil/app:1')).scope.scope).toBeUndefined()
    expect(chooseRequirements(policy, dockerImage('example.com/team/app:1')).scope.scope).toBe('example.com/team')
  })

  it('finds an image without identity by its transport alone', () => {
    const image = { transport: folders }
    expect(chooseRequirements(policyOf([{ transport: 'dir', scope: '' }]), image).scope.scope).toBe('')
    expect(chooseRequirements(policyOf([{ transport: 'dir', scope: '/a' }]), image).scope.scope).toBeUndefined()
  })

  it('is the default where nothing is configured', () => {
    expect(chooseRequirements(acceptingPolicy, dockerImage('a')).requirements).toEqual([
      { type: 'insecureAcceptAnything' },
    ])
  })

  it('is the first of identity and namespaces that is listed, whatever else is', () => {
    const names = fc.subarray(nested)
    fc.assert(
      fc.property(
        names,
        fc.constantFrom('example.com/team/app:1', `example.com/team/app@${D}`, 'example.com/app:1', 'other.com/x:1'),
        (listed, name) => {
          const image = dockerImage(name)
          const { scope } = chooseRequirements(
            policyOf(listed.map((one) => ({ transport: 'docker', scope: one }))),
            image,
          )
          const order = [image.policy?.identity ?? '', ...(image.policy?.namespaces ?? []), '']
          expect(scope.scope).toBe(order.find((one) => listed.includes(one)))
        },
      ),
    )
  })
})
