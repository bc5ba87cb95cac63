import { ImageError } from '@crossdock/core'
import { wrapTransport } from '../../src/index.ts'
import { inReferences, inSources, inTransport, type Saboteur } from './saboteur.ts'

export const referenceSaboteurs: readonly Saboteur[] = [
  {
    wrong: 'has a name with a blank',
    breaks: ['transport/name-and-contract'],
    apply: inTransport(() => ({ name: 'Not A Name' })),
  },
  {
    wrong: 'takes every policy scope',
    breaks: ['transport/validate-policy-scope'],
    apply: inTransport(() => ({ validatePolicyScope: () => undefined })),
  },
  {
    wrong: 'lacks tags that it says it has',
    breaks: ['transport/capability-is-a-method', 'tags/lists'],
    apply: (memory) =>
      wrapTransport(memory, {
        reference: (reference) => {
          const copy = { ...reference }
          delete copy.tags
          return copy
        },
      }),
  },
  {
    wrong: 'prints references without their tag',
    breaks: ['reference/round-trip'],
    apply: inReferences((reference) => ({ toString: () => reference.toString().replace(/:.*$/, '') })),
  },
  {
    wrong: 'throws type errors for bad names, with everything that was typed',
    breaks: ['reference/rejects-invalid', 'reference/no-credentials-in-text', 'errors/are-image-errors'],
    apply: inTransport((memory) => ({
      parseReference: (text) => {
        try {
          return memory.parseReference(text)
        } catch {
          throw new TypeError(`bad name ${text}`)
        }
      },
    })),
  },
  {
    wrong: 'hands out references that can be changed',
    breaks: ['reference/immutable'],
    apply: inTransport((memory) => ({ parseReference: (text) => ({ ...memory.parseReference(text) }) })),
  },
  {
    wrong: 'lists policy namespaces from the general to the specific',
    breaks: ['reference/policy-namespaces-are-prefixes'],
    apply: inReferences(({ policy }) => ({
      policy: policy && { ...policy, namespaces: policy.namespaces.toReversed() },
    })),
  },
  {
    wrong: 'lists parts of a component as policy namespaces',
    breaks: ['reference/policy-namespaces-are-prefixes'],
    apply: inReferences(({ policy }) => ({
      policy: policy && { ...policy, namespaces: [policy.identity.slice(0, -1)] },
    })),
  },
  {
    wrong: 'cannot be used after close',
    breaks: ['transport/close-keeps-references'],
    apply: (memory) => {
      let closed = false
      const wrapped = inSources((source) => ({
        getManifest: async (instance, operation) => {
          if (closed) throw new ImageError('IO', 'the transport is closed')
          return await source.getManifest(instance, operation)
        },
      }))(memory)
      return {
        ...wrapped,
        close: async () => {
          closed = true
        },
      }
    },
  },
  {
    wrong: 'deletes nothing',
    breaks: ['delete/then-missing', 'delete/missing'],
    apply: inReferences(() => ({ delete: async () => undefined })),
  },
  {
    wrong: 'lists no tags',
    breaks: ['tags/lists'],
    apply: inReferences(() => ({ async *tags() {} })),
  },
]
