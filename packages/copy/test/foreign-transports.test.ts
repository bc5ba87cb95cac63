import {
  type Descriptor,
  type Digest,
  type ImageDestination,
  type ImageSource,
  type ImageTransport,
  type ManifestBytes,
  type ProgressEvent,
} from '@crossdock/core'
import { memoryTransport, testImage, wrapTransport } from '@crossdock/transport-testkit'
import { afterEach, expect, test, vi } from 'vitest'
import { copyImage } from '../src/index.ts'

const image = testImage({ layers: 2, layerBytes: 50_000 })
const [blob] = image.blobs
const other = testImage({ seed: 'another', layers: 1 })

afterEach(() => {
  vi.useRealTimers()
})

/** What somebody else wrote, and how it behaves instead of what the contract asks for. */
type Misbehaviour = {
  readonly source?: (source: ImageSource) => Partial<ImageSource>
  readonly destination?: (destination: ImageDestination) => Partial<ImageDestination>
}

function setUp({ source, destination }: Misbehaviour) {
  const [from, to] = [memoryTransport(), memoryTransport()]
  from.store.put('from:1', image)
  const foreign = (transport: ImageTransport): ImageTransport => ({
    ...wrapTransport(transport, {
      source: (known) => ({ ...known, ...source?.(known) }),
      destination: (known) => ({ ...known, ...destination?.(known) }),
    }),
  })
  return {
    to,
    copy: (signal?: AbortSignal, onProgress?: (event: ProgressEvent) => void) =>
      copyImage(foreign(from).parseReference('from:1'), foreign(to).parseReference('to:1'), {
        attempts: 1,
        signal,
        onProgress,
      }),
  }
}

const noError: unknown = 'no'
const bug = new TypeError('x is not a function')
const ownBytes = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}
const reader = (bytes: Uint8Array) =>
  Object.assign(ownBytes(bytes), { size: undefined, [Symbol.asyncDispose]: () => Promise.resolve() })
const manifestWith = (change: Partial<ManifestBytes>) => (source: ImageSource) => ({
  getManifest: async (instance?: Digest) => ({ ...(await source.getManifest(instance)), ...change }),
})

const closing = () => ({ [Symbol.asyncDispose]: () => Promise.reject(new Error('stuck')) })

const BROKEN = /^the transport "memory" of \S+ breaks its contract: /

test.each<[string, 'source' | 'destination', Misbehaviour]>([
  [
    'throws at once',
    'source',
    {
      source: () => ({
        getManifest: () => {
          throw bug
        },
      }),
    },
  ],
  ['rejects', 'source', { source: () => ({ getManifest: () => Promise.reject(bug) }) }],
  ['rejects with text', 'source', { source: () => ({ getBlob: () => Promise.reject(noError) }) }],
  [
    'throws at a blob',
    'source',
    {
      source: () => ({
        getBlob: () => {
          throw bug
        },
      }),
    },
  ],
  ['gives nothing for a blob', 'source', { source: () => ({ getBlob: () => Promise.resolve(undefined as never) }) }],
  [
    'gives nothing for a manifest',
    'source',
    { source: () => ({ getManifest: () => Promise.resolve(undefined as never) }) },
  ],
  ['gives a digest that is none', 'source', { source: manifestWith({ digest: 7 as unknown as Digest }) }],
  [
    'throws at once',
    'destination',
    {
      destination: () => ({
        putBlob: () => {
          throw bug
        },
      }),
    },
  ],
  ['rejects a manifest', 'destination', { destination: () => ({ putManifest: () => Promise.reject(bug) }) }],
  ['rejects the commit', 'destination', { destination: () => ({ commit: () => Promise.reject(bug) }) }],
  [
    'answers with nothing',
    'destination',
    { destination: () => ({ putBlob: () => Promise.resolve(undefined as never) }) },
  ],
  [
    'answers for another blob',
    'destination',
    {
      destination: (known) => ({
        putBlob: async (body, hint) => ({ ...(await known.putBlob(body, hint)), digest: other.root.digest }),
      }),
    },
  ],
  [
    'answers for a blob of another size',
    'destination',
    {
      destination: (known) => ({ putBlob: async (body, hint) => ({ ...(await known.putBlob(body, hint)), size: 1 }) }),
    },
  ],
  [
    'finds another blob',
    'destination',
    { destination: () => ({ reuseBlob: () => Promise.resolve({ blob: blob?.descriptor as Descriptor }) }) },
  ],
])('one that %s is named, as the %s', async (_what, side, misbehaviour) => {
  const { to, copy } = setUp(misbehaviour)
  const failure = copy()
  await expect(failure).rejects.toMatchObject({
    code: 'CONTRACT_MISMATCH',
    side,
    message: expect.stringMatching(BROKEN),
  })
  await expect(failure).rejects.toMatchObject({ image: side === 'source' ? 'memory:from:1' : 'memory:to:1' })
  expect(to.store.digest('to:1')).toBeUndefined()
})

test.each<[string, Misbehaviour]>([
  ['other bytes', { source: () => ({ getBlob: () => Promise.resolve(reader(new Uint8Array(50_000))) }) }],
  ['too few bytes', { source: () => ({ getBlob: () => Promise.resolve(reader(new Uint8Array(1))) }) }],
  ['too many bytes', { source: () => ({ getBlob: () => Promise.resolve(reader(new Uint8Array(9_000_000))) }) }],
  ['another manifest', { source: manifestWith({ bytes: other.root.bytes }) }],
  ['another digest', { source: manifestWith({ digest: other.root.digest }) }],
])('%s of a source never arrive', async (_what, misbehaviour) => {
  const { to, copy } = setUp(misbehaviour)
  await expect(copy()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  expect(to.store.digest('to:1')).toBeUndefined()
})

test.each<[string, Misbehaviour]>([
  ['a source that never answers', { source: () => ({ getManifest: () => new Promise(() => undefined) }) }],
  ['a blob that never comes', { source: () => ({ getBlob: () => new Promise(() => undefined) }) }],
  ['a destination that never answers', { destination: () => ({ putBlob: () => new Promise(() => undefined) }) }],
  [
    'one that never closes',
    {
      source: () => ({ [Symbol.asyncDispose]: () => new Promise(() => undefined) }),
      destination: () => ({ commit: () => Promise.reject(bug) }),
    },
  ],
])('%s does not hold up an abort for ever', async (_what, misbehaviour) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const { copy } = setUp(misbehaviour)
  const controller = new AbortController()
  const reason = new Error('enough')
  const failure = copy(controller.signal)
  failure.catch(() => undefined) // it is awaited below, a moment later
  await vi.advanceTimersByTimeAsync(0)
  controller.abort(reason)
  await vi.advanceTimersByTimeAsync(10_000)
  await expect(failure).rejects.toBe(reason)
})

test('one that fails to close does not undo what is done, nor hide why it failed', async () => {
  const notes: ProgressEvent[] = []
  const done = setUp({ source: closing, destination: closing })
  const { digest } = await done.copy(undefined, (event) => event.type === 'note' && notes.push(event))
  expect(done.to.store.digest('to:1')).toBe(digest)
  expect(notes).toMatchObject([
    { level: 'warning', message: 'memory:to:1 could not be closed: Error: stuck' },
    { level: 'warning', message: 'memory:from:1 could not be closed: Error: stuck' },
  ])
  const failed = setUp({ source: closing, destination: () => ({ ...closing(), commit: () => Promise.reject(bug) }) })
  await expect(failed.copy()).rejects.toThrow(bug.message)
})

test('a refusal of the system stays one, whoever reports it', async () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })
  const { copy } = setUp({ destination: () => ({ putBlob: () => Promise.reject(full) }) })
  await expect(copy()).rejects.toMatchObject({ code: 'IO', side: 'destination', message: full.message })
})

test('a warning is told once, however often it comes', async () => {
  const warning = { type: 'note', level: 'warning', message: 'the registry is old' } as const
  const notes: ProgressEvent[] = []
  const { copy } = setUp({
    source: (known) => ({
      getBlob: (wanted, options) => {
        options?.onProgress?.(warning)
        return known.getBlob(wanted, options)
      },
    }),
  })
  const { warnings } = await copy(undefined, (event) => event.type === 'note' && notes.push(event))
  expect([notes, warnings]).toEqual([[warning], [warning.message]])
})
