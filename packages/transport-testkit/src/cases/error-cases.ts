import assert from 'node:assert/strict'
import { bytesBody, ImageError, MAX_MANIFEST_BYTES, type ImageErrorCode } from '@crossdock/core'
import { ABSENT, assertFails, describe, failureOf, imageFor, layerOf, openSource } from '../case-steps.ts'
import type { CaseFixture, ConformanceCase } from '../conformance-case.ts'
import { callsOf } from '../contract-calls.ts'
import type { TestImage } from '../images/test-image.ts'
import { openDestination } from '../images/write-image.ts'

export const errorCases: readonly ConformanceCase[] = [
  {
    id: 'errors/are-image-errors',
    rule: 'every failure of a transport is an ImageError',
    needs: [],
    async run(fixture, operation) {
      for (const { what, error } of await provokedErrors(fixture, operation)) {
        assert.ok(error instanceof ImageError, `${what}: ${describe(error)} is not an ImageError`)
      }
    },
  },
  {
    id: 'errors/codes',
    rule: 'an error has a code of the closed list and a one-line message, and what is missing for good is not retryable',
    needs: [],
    async run(fixture, operation) {
      for (const { what, error } of await provokedErrors(fixture, operation)) {
        if (!(error instanceof ImageError)) continue
        assert.ok(Object.hasOwn(CODES, error.code), `${what}: "${error.code}" is no code`)
        assert.notEqual(error.message.trim(), '', `${what}: the message is empty`)
        assert.doesNotMatch(error.message, /\p{Cc}/u, `${what}: a control character is in the message`)
        assert.equal(error.retryable, false, `${what}: trying again cannot help`)
      }
    },
  },
  {
    id: 'limits/oversized-manifest',
    rule: 'a manifest of more than 4 MiB is not read: it fails with LIMIT_EXCEEDED',
    needs: ['readable', 'exactManifests'],
    async run(fixture, operation) {
      await assertFails('LIMIT_EXCEEDED', 'reading an oversized manifest', async () => {
        // Where the fixture can seed only by writing, the destination is the one that refuses.
        const reference = await fixture.seeded(oversized(fixture))
        await using source = await openSource(reference, operation)
        await source.getManifest(undefined, operation)
      })
    },
  },
  {
    id: 'limits/oversized-manifest-refused',
    rule: 'a manifest of more than 4 MiB is not written: it fails with LIMIT_EXCEEDED',
    needs: ['writable'],
    async run(fixture, operation) {
      const image = oversized(fixture)
      await using destination = await openDestination(await fixture.emptyLocation(), operation)
      for (const { bytes, descriptor } of image.blobs)
        await destination.putBlob(bytesBody(bytes), descriptor, operation)
      await assertFails('LIMIT_EXCEEDED', 'writing an oversized manifest', () =>
        destination.putManifest(image.root, operation),
      )
    },
  },
  {
    id: 'dispose/twice',
    rule: 'sources and destinations may be disposed twice, used or not, committed or not',
    needs: [],
    async run(fixture, operation) {
      const { capabilities } = fixture
      if (capabilities.has('readable'))
        await disposeTwice(await openSource(await fixture.seeded(imageFor(fixture)), operation))
      if (!capabilities.has('writable')) return
      await disposeTwice(await openDestination(await fixture.emptyLocation(), operation))
      const calls = await callsOf(fixture, operation)
      const commit = calls.list.find(({ name }) => name === 'commit')
      await commit?.prepare?.()
      await commit?.run(operation)
      await disposeTwice(calls)
    },
  },
]

function oversized(fixture: CaseFixture): TestImage {
  const annotations = { 'com.example.padding': 'x'.repeat(MAX_MANIFEST_BYTES) }
  return imageFor(fixture, { annotations, layers: 1 })
}

async function disposeTwice(opened: AsyncDisposable): Promise<void> {
  await opened[Symbol.asyncDispose]()
  await opened[Symbol.asyncDispose]()
}

interface Provoked {
  readonly what: string
  readonly error: unknown
}

/** Failures of every kind that can be had from any transport. None is worth a retry. */
async function provokedErrors(
  fixture: CaseFixture,
  operation: Parameters<ConformanceCase['run']>[1],
): Promise<Provoked[]> {
  const { transport, invalidReferences, capabilities } = fixture
  const provoked: Provoked[] = []
  const provoke = async (what: string, run: () => Promise<unknown>): Promise<void> => {
    provoked.push({ what, error: await failureOf(what, run) })
  }
  for (const text of invalidReferences) await provoke('parseReference', async () => transport.parseReference(text))
  if (capabilities.has('readable')) {
    const empty = await fixture.emptyLocation()
    await provoke('reading an image that is not there', async () => {
      await using source = await openSource(empty, operation)
      await source.getManifest(undefined, operation)
    })
    await using source = await openSource(await fixture.seeded(imageFor(fixture)), operation)
    await provoke('getBlob of an absent blob', () => source.getBlob(ABSENT, operation))
    await provoke('getManifest of an absent instance', () => source.getManifest(ABSENT.digest, operation))
  }
  if (capabilities.has('deletable')) {
    const empty = await fixture.emptyLocation()
    await provoke('delete where nothing is', async () => empty.delete?.(operation))
  }
  if (capabilities.has('writable')) {
    await using destination = await openDestination(await fixture.emptyLocation(), operation)
    const { bytes, descriptor } = layerOf(imageFor(fixture))
    await provoke('putBlob of wrong bytes', () =>
      destination.putBlob(bytesBody(bytes.toReversed()), descriptor, operation),
    )
  }
  return provoked
}

/** A record, so that the compiler keeps it complete. */
const CODES: Readonly<Record<ImageErrorCode, true>> = {
  INVALID_REFERENCE: true,
  UNKNOWN_TRANSPORT: true,
  DUPLICATE_TRANSPORT: true,
  CONTRACT_MISMATCH: true,
  NOT_FOUND: true,
  UNAUTHENTICATED: true,
  FORBIDDEN: true,
  RATE_LIMITED: true,
  UNAVAILABLE: true,
  DIGEST_MISMATCH: true,
  LIMIT_EXCEEDED: true,
  INVALID_DATA: true,
  UNSUPPORTED: true,
  REJECTED_BY_POLICY: true,
  CONFLICT: true,
  IO: true,
}
