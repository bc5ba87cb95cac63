import assert from 'node:assert/strict'
import { createTransportRegistry, ImageError, type ImageReference, type PolicyIdentity } from '@crossdock/core'
import { describe } from '../case-steps.ts'
import type { ConformanceCase } from '../conformance-case.ts'

export const referenceCases: readonly ConformanceCase[] = [
  {
    id: 'reference/round-trip',
    rule: 'the printed form parses to an equal reference, and different names print differently',
    needs: [],
    async run({ transport, validReferences }) {
      assert.ok(validReferences.length > 0, 'the fixture names no valid reference')
      const registry = createTransportRegistry([transport])
      const printed = validReferences.map((text) => {
        const reference = transport.parseReference(text)
        assert.equal(reference.transport, transport, `${text}: the reference does not carry its transport`)
        assertEqualReferences(transport.parseReference(reference.toString()), reference)
        assertEqualReferences(registry.parse(typedName(reference)), reference)
        return reference.toString()
      })
      assert.equal(new Set(printed).size, printed.length, `two names print as one: ${printed.join(', ')}`)
    },
  },
  {
    id: 'reference/rejects-invalid',
    rule: 'text that is no reference is refused with INVALID_REFERENCE and shown without control characters',
    needs: [],
    async run({ transport, invalidReferences }) {
      assert.ok(invalidReferences.length > 0, 'the fixture names no invalid reference')
      for (const text of [...invalidReferences, `\u001B[31m\0${'x'.repeat(5000)}`]) {
        const error = failure(() => transport.parseReference(text))
        assert.ok(error instanceof ImageError, `${JSON.stringify(text)}: ${describe(error)} is not an ImageError`)
        assert.equal(error.code, 'INVALID_REFERENCE', JSON.stringify(text))
        assert.doesNotMatch(error.message, /\p{Cc}/u, 'a control character reached the message')
        assert.ok(error.message.length < 3000, 'the whole of a very long name is in the message')
      }
    },
  },
  {
    id: 'reference/immutable',
    rule: 'a reference and what it carries cannot be changed',
    needs: [],
    async run({ transport, validReferences }) {
      for (const text of validReferences) {
        const reference = transport.parseReference(text)
        const { policy, dockerReference } = reference
        for (const part of [reference, policy, policy?.namespaces, dockerReference]) {
          if (part !== undefined) assert.ok(isUnchangeable(part), `${text}: a part of the reference can be changed`)
        }
      }
    },
  },
  {
    id: 'reference/policy-namespaces-are-prefixes',
    rule: 'policy namespaces are whole-component prefixes of the identity, the most specific first, then wildcards',
    needs: [],
    async run({ transport, validReferences }) {
      for (const text of validReferences) {
        const { policy } = transport.parseReference(text)
        if (policy === undefined) continue
        assert.notEqual(policy.identity, '', `${text}: the identity is empty`)
        assertNamespaces(policy)
        for (const scope of [policy.identity, ...policy.namespaces]) transport.validatePolicyScope(scope)
      }
    },
  },
  {
    id: 'reference/no-credentials-in-text',
    rule: 'a password in a name reaches neither an error nor the printed reference',
    needs: [],
    async run({ transport, credentialReferences }) {
      for (const text of credentialReferences ?? ['//user:s3cret@registry.example/repository:tag']) {
        const outcome = attempt(() => transport.parseReference(text))
        if ('error' in outcome) assertSecretFree(textsOf(outcome.error).join(' '), text)
        else if (credentialReferences !== undefined) assertSecretFree(shownParts(outcome.value), text)
      }
    },
  },
]

function assertEqualReferences(actual: ImageReference, expected: ImageReference): void {
  assert.equal(actual.toString(), expected.toString())
  assert.deepEqual(actual.policy, expected.policy)
  assert.deepEqual(actual.dockerReference, expected.dockerReference)
}

function assertNamespaces({ identity, namespaces }: PolicyIdentity): void {
  const wildcards = namespaces.filter((scope) => scope.startsWith('*.'))
  const prefixes = namespaces.filter((scope) => !scope.startsWith('*.'))
  assert.deepEqual(namespaces, [...prefixes, ...wildcards], 'wildcards come after the other namespaces')
  // With tag and digest, the digest alone is a namespace as well.
  const whole = [identity, identity.replace(/:[^/:@]*@/, '@')]
  for (const scope of prefixes) {
    const cuts = whole.filter((text) => text.startsWith(scope)).map((text) => text.slice(scope.length))
    assert.ok(cuts.length > 0, `the namespace ${scope} is no prefix of ${identity}`)
    const atEdge = cuts.some((cut) => cut === '' || /\W$/u.test(scope) || /^\W/u.test(cut))
    assert.ok(atEdge, `the namespace ${scope} ends inside a component of ${identity}`)
  }
  for (const scope of wildcards) {
    const host = /^[^/:@]*/.exec(identity)?.[0] ?? ''
    assert.ok(host.endsWith(scope.slice(1)), `the wildcard ${scope} does not cover the host ${host}`)
  }
  for (const list of [prefixes, wildcards]) {
    const lengths = list.map((scope) => scope.length)
    assert.deepEqual(
      lengths,
      lengths.toSorted((a, b) => b - a),
      'namespaces go from the most to the least specific',
    )
    assert.equal(new Set(list).size, list.length, 'a namespace is listed twice')
  }
}

function isUnchangeable(part: object): boolean {
  return Object.isFrozen(part) || Reflect.ownKeys(part).every((key) => !canChange(part, key))
}

function canChange(part: object, key: string | symbol): boolean {
  const before: unknown = Reflect.get(part, key)
  Reflect.set(part, key, 'changed')
  return Reflect.get(part, key) !== before
}

type Outcome<Value> = { readonly value: Value } | { readonly error: unknown }

function attempt<Value>(run: () => Value): Outcome<Value> {
  try {
    return { value: run() }
  } catch (error) {
    return { error }
  }
}

function failure(run: () => unknown): unknown {
  const outcome = attempt(run)
  assert.ok('error' in outcome, 'an invalid reference was accepted')
  return outcome.error
}

/** Everything that printing the error may show: messages, fields and stacks, those of its causes too. */
function textsOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)]
  return [
    describe(error),
    error.stack ?? '',
    JSON.stringify(error),
    ...(error.cause === undefined ? [] : textsOf(error.cause)),
  ]
}

/** What a person would type: for messages parts of it may be left out. */
function typedName(reference: ImageReference): string {
  return `${reference.transport.name}:${reference.toString()}`
}

function shownParts(reference: ImageReference): string {
  return JSON.stringify([typedName(reference), reference.policy, reference.dockerReference])
}

function assertSecretFree(shown: string, text: string): void {
  assert.ok(!shown.includes('s3cret'), `${text}: the password is shown: ${shown}`)
}
