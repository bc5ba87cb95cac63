import assert from 'node:assert/strict'
import {
  bytesBody,
  type ImageDestination,
  type ImageReference,
  type ImageSource,
  type OperationOptions,
} from '@crossdock/core'
import { assertHolds, assertMissing, collect, imageFor, layerOf, openSource, readAll } from './case-steps.ts'
import type { CaseFixture } from './conformance-case.ts'
import { recordedBody, type RecordedBody } from './faults/bodies.ts'
import { rootDescriptor, type TestImage } from './images/test-image.ts'
import { openDestination, putImage } from './images/write-image.ts'

/** One method of the contract, ready to be called once with any operation options. */
export interface ContractCall {
  readonly name: string
  /** Puts what the call needs in place; left out if the call is not to get that far. */
  prepare?(): Promise<void>
  run(operation: OperationOptions): Promise<unknown>
}

export interface ContractCalls extends AsyncDisposable {
  /** Each method that the transport has; those that change the most come last. */
  readonly list: readonly ContractCall[]
  /** Fails unless everything is as if none of the methods had been called. */
  assertUnchanged(): Promise<void>
}

/** Opens handles on places of their own and lists every method of the contract that is there. */
export async function callsOf(fixture: CaseFixture, operation: OperationOptions): Promise<ContractCalls> {
  const { capabilities } = fixture
  const image = imageFor(fixture)
  const stored = capabilities.has('readable') ? await fixture.seeded(image) : undefined
  const empty = await fixture.emptyLocation()
  const source = stored && (await openSource(stored, operation))
  const destination = capabilities.has('writable') ? await openDestination(empty, operation) : undefined
  const body = recordedBody(bytesBody(layerOf(image).bytes))
  return {
    list: [
      ...(stored === undefined ? [] : storedCalls(stored, source, image)),
      ...(destination === undefined ? [] : destinationCalls(empty, destination, { image, body })),
      ...(stored?.delete === undefined
        ? []
        : [{ name: 'delete', run: async (o: OperationOptions) => stored.delete?.(o) }]),
    ],
    async assertUnchanged() {
      assert.deepEqual(body.offsets, [], 'a body was opened')
      if (stored !== undefined) await assertHolds(fixture, { reference: stored, image, operation })
      if (capabilities.has('readable')) await assertMissing(empty, operation)
    },
    async [Symbol.asyncDispose]() {
      await source?.[Symbol.asyncDispose]()
      await destination?.[Symbol.asyncDispose]()
    },
  }
}

function storedCalls(stored: ImageReference, source: ImageSource | undefined, image: TestImage): ContractCall[] {
  const calls: (ContractCall | false | undefined)[] = [
    {
      name: 'openSource',
      run: async (operation) => {
        await using opened = await openSource(stored, operation)
        return opened.reference
      },
    },
    stored.tags !== undefined && {
      name: 'tags',
      run: async (operation) => collect(stored.tags?.(operation) ?? none()),
    },
    source && { name: 'getManifest', run: (operation) => source.getManifest(undefined, operation) },
    source && {
      name: 'getManifest of an instance',
      run: (operation) => source.getManifest(image.root.digest, operation),
    },
    source && {
      name: 'getBlob',
      run: async (operation) => readAll(await source.getBlob(layerOf(image).descriptor, operation)),
    },
    source && { name: 'getSignatures', run: (operation) => source.getSignatures(undefined, operation) },
    source?.blobSize !== undefined && {
      name: 'blobSize',
      run: async (operation) => source.blobSize?.(layerOf(image).descriptor.digest, operation),
    },
    source?.referrers !== undefined && {
      name: 'referrers',
      run: async (operation) => collect(source.referrers?.(image.root.digest, operation) ?? none()),
    },
  ]
  return calls.filter((call) => call !== undefined && call !== false)
}

function destinationCalls(
  empty: ImageReference,
  destination: ImageDestination,
  { image, body }: { readonly image: TestImage; readonly body: RecordedBody },
): ContractCall[] {
  const { descriptor } = layerOf(image)
  const root = rootDescriptor(image)
  const calls: (ContractCall | false | undefined)[] = [
    {
      name: 'openDestination',
      run: async (operation) => {
        await using opened = await openDestination(empty, operation)
        return opened.reference
      },
    },
    destination.findBlob !== undefined && { name: 'findBlob', run: async (o) => destination.findBlob?.(descriptor, o) },
    destination.reuseBlob !== undefined && {
      name: 'reuseBlob',
      run: async (o) => destination.reuseBlob?.(descriptor, o),
    },
    destination.partialBlob !== undefined && {
      name: 'partialBlob',
      run: async (o) => destination.partialBlob?.(descriptor, o),
    },
    destination.hasManifest !== undefined && {
      name: 'hasManifest',
      run: async (o) => destination.hasManifest?.(root, o),
    },
    { name: 'putBlob', run: (o) => destination.putBlob(body, descriptor, o) },
    {
      name: 'putManifest',
      prepare: () => putBlobs(destination, image),
      run: (o) => destination.putManifest(image.root, o),
    },
    destination.putSignatures !== undefined && {
      name: 'putSignatures',
      prepare: () => putImage(destination, image),
      run: async (o) => destination.putSignatures?.([], undefined, o),
    },
    { name: 'commit', prepare: () => putImage(destination, image), run: (o) => destination.commit(o) },
  ]
  return calls.filter((call) => call !== undefined && call !== false)
}

async function putBlobs(destination: ImageDestination, { blobs }: TestImage): Promise<void> {
  for (const { bytes, descriptor } of blobs) await destination.putBlob(bytesBody(bytes), descriptor)
}

async function* none(): AsyncGenerator<never> {}
