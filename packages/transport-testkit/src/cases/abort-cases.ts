import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { bytesBody, type BlobBody } from '@crossdock/core'
import { callsOf, type ContractCall } from '../contract-calls.ts'
import {
  assertHolds,
  assertNoLeftovers,
  describe,
  failureOf,
  imageFor,
  layerOf,
  openSource,
  promptly,
  readAll,
} from '../case-steps.ts'
import type { CaseFixture, ConformanceCase } from '../conformance-case.ts'
import { hangingBody } from '../faults/bodies.ts'
import { assertReleases } from '../handles.ts'
import type { TestBlob } from '../images/test-image.ts'
import { openDestination, putImage, writeImage } from '../images/write-image.ts'

/** More than any transport reads ahead. */
const LARGE_BYTES = 8 * 1024 * 1024

export const abortCases: readonly ConformanceCase[] = [
  {
    id: 'abort/before-start',
    rule: 'every method rejects with the reason of a signal that is aborted already, and does nothing',
    needs: [],
    async run(fixture, operation) {
      const reason = { why: 'aborted before the call' }
      const signal = AbortSignal.abort(reason)
      await using calls = await callsOf(fixture, operation)
      for (const call of calls.list) {
        const { name } = call
        const caught = await promptly(
          name,
          failureOf(`${name} with an aborted signal`, () => call.run({ signal })),
          fixture.patienceMs,
        )
        assert.equal(caught, reason, `${name}: ${describe(caught)} is not the signal's reason`)
      }
      await calls.assertUnchanged()
    },
  },
  {
    id: 'abort/rejects-with-the-reason',
    rule: 'a call that is aborted on its way rejects with the very reason of the signal, or succeeds',
    needs: [],
    async run(fixture, operation) {
      const names = await namesOfCalls(fixture, operation)
      for (const name of names) await assertAbortedOnTheWay(name, fixture, operation)
    },
  },
  {
    id: 'abort/mid-blob-read',
    rule: 'a blob that is being read stops promptly with the reason when its signal aborts',
    needs: ['readable'],
    async run(fixture, operation) {
      const image = imageFor(fixture, { layers: 1, layerBytes: LARGE_BYTES })
      const { descriptor } = layerOf(image)
      await using source = await openSource(await fixture.seeded(image), operation)
      const reason = { why: 'aborted while reading' }
      const controller = new AbortController()
      await using reader = await source.getBlob(descriptor, { signal: controller.signal })
      const read = async (): Promise<void> => {
        for await (const chunk of reader) if (chunk.byteLength > 0) controller.abort(reason)
      }
      const caught = await promptly('reading on', failureOf('reading on after the abort', read), fixture.patienceMs)
      assert.equal(caught, reason, `${describe(caught)} is not the signal's reason`)
    },
  },
  {
    id: 'abort/mid-blob-write',
    rule: 'putBlob rejects promptly with the reason while its body hangs, and closes the body',
    needs: ['writable'],
    async run(fixture, operation) {
      const image = imageFor(fixture)
      const blob = layerOf(image)
      const reference = await fixture.emptyLocation()
      for (const hangAfterBytes of [0, 1000]) {
        const closed = await abortPut(fixture, { reference, blob, hangAfterBytes })
        assert.equal(closed, 1, `the body that hung after ${hangAfterBytes} bytes was closed ${closed} times`)
      }
      await assertNoLeftovers(fixture, reference)
      await writeImage(reference, image, operation)
      if (fixture.capabilities.has('readable')) await assertHolds(fixture, { reference, image, operation })
    },
  },
  {
    id: 'abort/mid-blob-write-stuck-body',
    rule: 'putBlob does not wait for a body that cannot even be closed',
    needs: ['writable'],
    async run(fixture, operation) {
      const { bytes, descriptor } = layerOf(imageFor(fixture))
      await using destination = await openDestination(await fixture.emptyLocation(), operation)
      const controller = new AbortController()
      const reason = { why: 'aborted while the body is stuck' }
      const body = stuckBody(bytesBody(bytes), () => controller.abort(reason))
      const put = (): Promise<unknown> => destination.putBlob(body, descriptor, { signal: controller.signal })
      const caught = await promptly('putBlob', failureOf('putBlob of a stuck body', put), fixture.patienceMs)
      assert.equal(caught, reason, `${describe(caught)} is not the signal's reason`)
    },
  },
  {
    id: 'abort/leaves-no-handles',
    rule: 'an aborted read or write leaves no socket, file or timer open',
    needs: [],
    async run(fixture, operation) {
      const image = imageFor(fixture, { layers: 1, layerBytes: LARGE_BYTES })
      const blob = layerOf(image)
      const { capabilities } = fixture
      const stored = capabilities.has('readable') ? await fixture.seeded(image) : undefined
      const empty = await fixture.emptyLocation()
      await assertReleases(fixture, async () => {
        if (capabilities.has('writable')) await abortPut(fixture, { reference: empty, blob, hangAfterBytes: 100_000 })
        if (stored === undefined) return
        const controller = new AbortController()
        await using source = await openSource(stored, operation)
        const reader = await source.getBlob(blob.descriptor, { signal: controller.signal })
        for await (const _ of reader) {
          controller.abort()
          break
        }
      })
    },
  },
  {
    id: 'abort/leaves-no-listeners',
    rule: 'calls that have ended leave no listener on the signal that they were given',
    needs: [],
    async run(fixture, operation) {
      const { signal } = new AbortController()
      const image = imageFor(fixture)
      if (fixture.capabilities.has('writable')) {
        await using destination = await openDestination(await fixture.emptyLocation(), { signal })
        await putImage(destination, image, { signal })
        await destination.commit({ signal })
      }
      if (fixture.capabilities.has('readable')) {
        await using source = await openSource(await fixture.seeded(image), { signal })
        await source.getManifest(undefined, { signal })
        for (const { descriptor } of image.blobs) await readAll(await source.getBlob(descriptor, { signal }))
        for await (const _ of await source.getBlob(layerOf(image).descriptor, { signal })) break
      }
      operation.signal?.throwIfAborted()
      assert.equal(getEventListeners(signal, 'abort').length, 0, 'listeners are left on the signal')
    },
  },
]

type Operation = Parameters<ConformanceCase['run']>[1]

async function namesOfCalls(fixture: CaseFixture, operation: Operation): Promise<string[]> {
  await using calls = await callsOf(fixture, operation)
  return calls.list.map(({ name }) => name)
}

/** Each call gets locations of its own, as the one before may have succeeded. */
async function assertAbortedOnTheWay(name: string, fixture: CaseFixture, operation: Operation): Promise<void> {
  await using calls = await callsOf(fixture, operation)
  const call: ContractCall | undefined = calls.list.find((one) => one.name === name)
  if (call === undefined) return
  await call.prepare?.()
  const reason = { why: `aborted during ${name}` }
  const controller = new AbortController()
  const outcome = call.run({ signal: controller.signal }).then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  controller.abort(reason)
  const failed = await promptly(name, outcome, fixture.patienceMs)
  if (failed !== undefined) assert.equal(failed.error, reason, `${name}: ${describe(failed.error)} is not the reason`)
}

interface AbortedPut {
  readonly reference: Parameters<typeof openDestination>[0]
  readonly blob: TestBlob
  readonly hangAfterBytes: number
}

/** How often the body was closed. */
async function abortPut(fixture: CaseFixture, { reference, blob, hangAfterBytes }: AbortedPut): Promise<number> {
  const controller = new AbortController()
  const reason = { why: 'aborted while writing' }
  const body = hangingBody(bytesBody(blob.bytes), { hangAfterBytes, onHang: () => controller.abort(reason) })
  await using destination = await openDestination(reference)
  const put = (): Promise<unknown> => destination.putBlob(body, blob.descriptor, { signal: controller.signal })
  const caught = await promptly('putBlob', failureOf('putBlob of a hanging body', put), fixture.patienceMs)
  assert.equal(caught, reason, `${describe(caught)} is not the signal's reason`)
  return body.closed()
}

/** An async generator that waits for ever: its `return` waits with it. */
function stuckBody(body: BlobBody, onStuck: () => void): BlobBody {
  return {
    size: body.size,
    async *open(offset) {
      for await (const chunk of body.open(offset)) {
        yield chunk.subarray(0, 10)
        break
      }
      onStuck()
      await new Promise<never>(() => undefined)
    },
  }
}
