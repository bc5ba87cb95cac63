import assert from 'node:assert/strict'
import { assertTransport, ImageError } from '@crossdock/core'
import type { Capability } from '../capabilities.ts'
import { assertHolds, describe, imageFor, openSource } from '../case-steps.ts'
import type { ConformanceCase } from '../conformance-case.ts'
import { openDestination } from '../images/write-image.ts'

export const transportLevelCases: readonly ConformanceCase[] = [
  {
    id: 'transport/name-and-contract',
    rule: 'the transport has a proper name, the number of this contract and a vendor',
    needs: [],
    async run({ transport }) {
      assertTransport(transport)
      assert.equal(typeof transport['~transport'].vendor, 'string')
      assert.notEqual(transport['~transport'].vendor, '')
    },
  },
  {
    id: 'transport/validate-policy-scope',
    rule: 'policy scopes are taken, and text that is none is refused with INVALID_REFERENCE',
    needs: [],
    async run({ transport, policyScopes }) {
      for (const scope of policyScopes.valid) transport.validatePolicyScope(scope)
      for (const scope of policyScopes.invalid) {
        assert.throws(
          () => transport.validatePolicyScope(scope),
          (error) => error instanceof ImageError && error.code === 'INVALID_REFERENCE',
          `the scope ${JSON.stringify(scope)} must be refused with INVALID_REFERENCE`,
        )
      }
    },
  },
  {
    id: 'transport/capability-is-a-method',
    rule: 'the methods that exist are those of the stated capabilities, no more and no fewer',
    needs: [],
    async run(fixture, operation) {
      const { capabilities, transport } = fixture
      const check = (capability: Capability, exists: boolean): void => {
        const state = exists ? 'has the method without stating it' : 'lacks its method'
        assert.equal(exists, capabilities.has(capability), `${capability}: the transport ${state}`)
      }
      for (const reference of [
        await fixture.emptyLocation(),
        ...fixture.validReferences.map((text) => transport.parseReference(text)),
      ]) {
        if (reference.resolve !== undefined) continue
        check('readable', reference.openSource !== undefined)
        check('deletable', reference.delete !== undefined)
        check('taggable', reference.tags !== undefined)
      }
      const empty = await fixture.emptyLocation()
      check('writable', empty.openDestination !== undefined)
      if (empty.openDestination !== undefined) {
        await using destination = await openDestination(empty, operation)
        check('resumable', destination.partialBlob !== undefined)
        check('reuse', destination.reuseBlob !== undefined)
        check('findBlob', destination.findBlob !== undefined)
        check('hasManifest', destination.hasManifest !== undefined)
        check('signatures', destination.putSignatures !== undefined)
      }
      if (!capabilities.has('readable')) return
      await using source = await openSource(await fixture.seeded(imageFor(fixture)), operation)
      check('referrers', source.referrers !== undefined)
      check('blobSize', source.blobSize !== undefined)
    },
  },
  {
    id: 'transport/close-keeps-references',
    rule: 'closing a transport may be done twice, and its references work afterwards',
    needs: ['readable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      const reference = await fixture.seeded(image)
      await assertHolds(fixture, { reference, image, operation })
      try {
        await fixture.transport.close?.()
        await fixture.transport.close?.()
      } catch (error) {
        assert.fail(`close failed: ${describe(error)}`)
      }
      await assertHolds(fixture, { reference, image, operation })
      await fixture.transport.close?.()
    },
  },
]
