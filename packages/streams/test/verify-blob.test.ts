import { createHasher, digestOf, type Digest } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifyBlob } from '../src/index.ts'
import { bytes, chunks, collect, endless, pieces, readAll, rejection, tracked } from './bodies.ts'

const content = bytes('the content of a layer')
const digest = digestOf(content)
const size = content.byteLength

async function outcome(body: AsyncIterable<Uint8Array>, expected: { digest: Digest; size?: number }) {
  const delivered: Uint8Array[] = []
  const error = await rejection(
    (async () => {
      for await (const chunk of verifyBlob(body, expected)) delivered.push(chunk)
    })(),
  )
  return { error, delivered: Buffer.concat(delivered).byteLength }
}

describe('verifyBlob', () => {
  test('passes on exactly what came, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.integer({ min: 1, max: 64 }),
        fc.constantFrom('sha256' as const, 'sha512' as const),
        fc.boolean(),
        async (blob, cut, algorithm, knowsSize) => {
          const expected = { digest: digestOf(blob, algorithm), ...(knowsSize && { size: blob.byteLength }) }
          const all = await readAll(verifyBlob(pieces(blob, cut), expected))
          expect(Buffer.compare(all, blob)).toBe(0)
        },
      ),
    )
  })

  test('refuses one flipped bit and names both digests', async () => {
    const damaged = content.slice()
    damaged[5] = 0xff
    const { error, delivered } = await outcome(pieces(damaged, 4), { digest, size })
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH' })
    expect(String(error)).toContain(digest)
    expect(String(error)).toContain(digestOf(damaged))
    expect(delivered).toBeLessThan(size)
  })

  test.each([1, 4, 1000])('never delivers the last of a wrong body (pieces of %i)', async (cut) => {
    const wrong = digestOf(bytes('something else'))
    expect((await outcome(pieces(content, cut), { digest: wrong, size })).delivered).toBeLessThan(size)
    expect((await outcome(pieces(content, cut), { digest: wrong })).delivered).toBeLessThan(size)
  })

  test('holds the last bytes back behind empty chunks too', async () => {
    const body = chunks(content, new Uint8Array(0), new Uint8Array(0))
    expect((await outcome(body, { digest: digestOf(bytes('x')) })).delivered).toBe(0)
  })

  test('stops at the declared size: an endless body is read one chunk too far', async () => {
    const body = tracked(endless(content))
    const { error, delivered } = await outcome(body, { digest, size })
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH' })
    expect(String(error)).toContain(`should have ${size} bytes but at least ${2 * size} came`)
    expect(body.pulled).toBe(2)
    expect(body.closed).toBe(true)
    expect(delivered).toBe(0)
  })

  test('refuses a body that ends early, naming both sizes', async () => {
    const { error } = await outcome(pieces(content.subarray(0, 10), 3), { digest, size })
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH' })
    expect(String(error)).toContain(`should have ${size} bytes but ended after 10`)
  })

  test('an interruption loses nothing that came before it', async () => {
    const cut = new Error('connection reset')
    const { error, delivered } = await outcome(chunks(content.subarray(0, 7), content.subarray(7, 9), cut), {
      digest,
      size,
    })
    expect(error).toBe(cut)
    expect(delivered).toBe(9)
  })

  test('goes on behind a kept head', async () => {
    for (const kept of [0, 1, size - 1, size]) {
      const hasher = createHasher('sha256')
      hasher.update(content.subarray(0, kept))
      const rest = verifyBlob(pieces(content.subarray(kept), 3), { digest, size }, { kept: { hasher, size: kept } })
      expect(Buffer.compare(await readAll(rest), content.subarray(kept))).toBe(0)
    }
  })

  test('refuses a kept head that is wrong or too long', async () => {
    const hasher = createHasher('sha256')
    hasher.update(bytes('THE'))
    const wrong = verifyBlob(pieces(content.subarray(3), 50), { digest, size }, { kept: { hasher, size: 3 } })
    expect(await rejection(collect(wrong))).toMatchObject({ code: 'DIGEST_MISMATCH' })

    const long = { kept: { hasher: createHasher('sha256'), size: size + 1 } }
    const body = tracked([content])
    expect(await rejection(collect(verifyBlob(body, { digest, size }, long)))).toMatchObject({
      code: 'DIGEST_MISMATCH',
    })
    expect(body.pulled).toBe(0)
  })

  test('refuses a kept hasher of another algorithm', async () => {
    const kept = { hasher: createHasher('sha512'), size: 0 }
    expect(await rejection(collect(verifyBlob(pieces(content, 5), { digest }, { kept })))).toBeInstanceOf(TypeError)
  })

  test('leaving early closes the body', async () => {
    const body = tracked([content.subarray(0, 4), content.subarray(4)])
    for await (const chunk of verifyBlob(body, { digest, size })) {
      expect(chunk.byteLength).toBe(4)
      break
    }
    expect(body.closed).toBe(true)
    expect(body.pulled).toBe(1)
  })
})
