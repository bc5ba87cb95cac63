import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import {
  digestOf,
  MAX_MANIFEST_BYTES,
  parseDigest,
  unparsedImage,
  type ImageSource,
  type ManifestBytes,
  type OperationOptions,
  type Signature,
} from '../src/index.ts'
import { fakeTransport } from './fake-transport.ts'
import signed from './fixtures/schema1-signed.json' with { type: 'json' }

const bytes = new TextEncoder().encode('{"schemaVersion":2}')
const manifest: ManifestBytes = {
  bytes,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: digestOf(bytes),
}
const signature: Signature = { format: 'simple', bytes: Uint8Array.of(1) }

type Answer = (options: OperationOptions | undefined) => Promise<ManifestBytes>

/** A source that counts, and answers with the next of `answers` or, when they are used up, the manifest. */
function source(...answers: readonly Answer[]): ImageSource & { readonly calls: string[] } {
  const calls: string[] = []
  return {
    calls,
    reference: fakeTransport('docker').parseReference('//example.com/x:1'),
    traits: {},
    getManifest: async (instance, options) => {
      const answer = answers[calls.length]
      calls.push(`manifest ${instance ?? ''}`)
      return answer === undefined ? manifest : await answer(options)
    },
    getSignatures: async (instance) => {
      calls.push(`signatures ${instance ?? ''}`)
      return [signature]
    },
    getBlob: () => Promise.reject(new Error('no blob is read here')),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

function sized(size: number): Answer {
  const large = new Uint8Array(size)
  return async () => ({ bytes: large, mediaType: 'x', digest: digestOf(large) })
}

describe('unparsedImage', () => {
  test('a signed schema 1 manifest is verified by what its signatures cover', async () => {
    const answer: ManifestBytes = {
      ...manifest,
      bytes: new TextEncoder().encode(signed.document),
      digest: parseDigest(signed.digest),
    }
    expect((await unparsedImage(source(async () => answer)).manifest()).digest).toBe(signed.digest)
    expect(
      (
        await unparsedImage(
          source(async () => answer),
          answer.digest,
        ).manifest()
      ).digest,
    ).toBe(signed.digest)
    const raw = { ...answer, digest: digestOf(answer.bytes) }
    await expect(unparsedImage(source(async () => raw)).manifest()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  test('fetches once what is asked for', async () => {
    const from = source()
    const image = unparsedImage(from)
    expect(from.calls).toEqual([])
    expect(await image.manifest()).toEqual(manifest)
    expect(await image.manifest()).toBe(await image.manifest())
    expect(await image.signatures()).toEqual([signature])
    await image.signatures()
    expect(from.calls).toEqual(['manifest ', 'signatures '])
    expect(image.reference).toBe(from.reference)
  })

  test('asks for the instance', async () => {
    const from = source()
    const image = unparsedImage(from, manifest.digest)
    await image.manifest()
    await image.signatures()
    expect(image.instance).toBe(manifest.digest)
    expect(from.calls).toEqual([`manifest ${manifest.digest}`, `signatures ${manifest.digest}`])
  })

  test('an instance by sha512 keeps its name', async () => {
    const wanted = digestOf(bytes, 'sha512')
    expect((await unparsedImage(source(), wanted).manifest()).digest).toBe(wanted)
  })

  test('refuses bytes that are not the instance', async () => {
    const other = digestOf(new Uint8Array(0))
    const call = unparsedImage(source(), other).manifest()
    await expect(call).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', image: 'docker://example.com/x:1' })
    await expect(call).rejects.toThrow(`should be ${other} but its bytes are ${manifest.digest}`)
  })

  test('does not believe the digest that a source gives', async () => {
    const lying = source(async () => ({ ...manifest, digest: digestOf(new Uint8Array(0)) }))
    await expect(unparsedImage(lying).manifest()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  test('refuses a manifest over the limit, takes one at it', async () => {
    const over = unparsedImage(source(sized(MAX_MANIFEST_BYTES + 1)))
    await expect(over.manifest()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', image: 'docker://example.com/x:1' })
    const at = await unparsedImage(source(sized(MAX_MANIFEST_BYTES))).manifest()
    expect(at.bytes.byteLength).toBe(MAX_MANIFEST_BYTES)
  })

  test('does not remember a failure', async () => {
    const failure = new Error('unavailable')
    const from = source(() => Promise.reject(failure))
    const image = unparsedImage(from)
    await expect(image.manifest()).rejects.toBe(failure)
    expect(await image.manifest()).toEqual(manifest)
    expect(from.calls).toHaveLength(2)
  })

  test('calls at the same time share one fetch', async () => {
    const { promise, resolve } = Promise.withResolvers<ManifestBytes>()
    const from = source(() => promise)
    const image = unparsedImage(from)
    const calls = [image.manifest(), image.manifest(), image.manifest({ signal: new AbortController().signal })]
    resolve(manifest)
    const [first, ...others] = await Promise.all(calls)
    for (const other of others) expect(other).toBe(first)
    expect(from.calls).toHaveLength(1)
  })

  test('an aborted signal asks for nothing', async () => {
    const from = source()
    const reason = new Error('stop')
    await expect(unparsedImage(from).manifest({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(from.calls).toEqual([])
  })

  test('the abort of the call that fetches does not fail another that waits', async () => {
    const from = source(
      (options) =>
        new Promise((_resolve, reject) => {
          options?.signal?.addEventListener('abort', () => reject(options.signal?.reason))
        }),
    )
    const image = unparsedImage(from)
    const controller = new AbortController()
    const first = image.manifest({ signal: controller.signal })
    const second = image.manifest()
    const reason = new Error('the first gives up')
    controller.abort(reason)
    await expect(first).rejects.toBe(reason)
    expect(await second).toEqual(manifest)
    expect(from.calls).toHaveLength(2)
  })

  test('the abort of a call that waits ends it at once and leaves no listener', async () => {
    const { promise, resolve } = Promise.withResolvers<ManifestBytes>()
    const image = unparsedImage(source(() => promise))
    const controller = new AbortController()
    const first = image.manifest()
    const second = image.manifest({ signal: controller.signal })
    const reason = { any: 'value' }
    controller.abort(reason)
    await expect(second).rejects.toBe(reason)
    resolve(manifest)
    expect(await first).toEqual(manifest)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  })
})
