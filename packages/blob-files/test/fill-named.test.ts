import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { bytesBody, ImageError, type BlobBody, type Descriptor } from '@crossdock/core'
import { leasedBody, randomBytes, testBlob } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import type { BlobPaths } from '../src/blob-paths.ts'
import { createLeftovers } from '../src/leftovers.ts'
import type { Growth } from '../src/growth.ts'
import { partialSize } from '../src/partial.ts'
import { writeBlob } from '../src/write-blob.ts'
import { blobsIn, strayFiles } from './blobs-in.ts'
import { temporaryFolder } from './temporary-folder.ts'

const MIB = 1024 * 1024
const { bytes, descriptor } = testBlob(randomBytes(40 * MIB + 12_345, 'parts'))

const parts = (wanted: number): Growth => ({ settled: true, came: () => undefined, wanted: () => wanted })

interface Asked {
  readonly from: number
  readonly to: number
}

/** A body that says which of its bytes were asked for and given. */
interface WatchedBody extends BlobBody {
  readonly asked: readonly Asked[]
  given(): number
  mostAtOnce(): number
  outstanding(): number
}

interface Behaviour {
  readonly leases?: number
  /** Whether `open` heeds where it shall end. */
  readonly ends?: boolean
  readonly content?: Uint8Array
  /** Fails once so much has been given. */
  readonly failAfter?: number
}

function watched({ leases = 8, ends = true, content = bytes, failAfter = Infinity }: Behaviour = {}): WatchedBody {
  const asked: Asked[] = []
  let given = 0
  const open = async function* (offset = 0, end = content.byteLength): AsyncGenerator<Uint8Array> {
    asked.push({ from: offset, to: end })
    for await (const chunk of bytesBody(content).open(offset, ends ? end : undefined)) {
      for (let at = 0; at < chunk.byteLength; at += 100_000) {
        await wait(1) // slower than what reads
        if (given >= failAfter) throw new ImageError('UNAVAILABLE', 'cut')
        const piece = chunk.slice(at, at + 100_000)
        given += piece.byteLength
        yield piece
      }
    }
  }
  return Object.assign(leasedBody({ size: content.byteLength, open }, { leases }), { asked, given: () => given })
}

interface Place {
  readonly folder: string
  readonly blobs: BlobPaths
  put(body: BlobBody, growth?: Growth, signal?: AbortSignal): Promise<unknown>
  kept(): Promise<number>
}

async function place(blob: Descriptor = descriptor): Promise<Place> {
  const folder = await temporaryFolder()
  const blobs = await blobsIn(folder)
  return {
    folder,
    blobs,
    put: (body, growth = parts(4), signal) =>
      writeBlob(blobs, body, {
        ...blob,
        durable: true,
        resume: true,
        leftovers: createLeftovers(blobs),
        growth,
        signal,
      }),
    kept: () => partialSize(blob, createLeftovers(blobs)),
  }
}

async function stored({ blobs }: Place): Promise<Uint8Array> {
  return await readFile(blobs.pathOf(descriptor.digest))
}

async function expectStored(at: Place): Promise<void> {
  expect(Buffer.compare(await stored(at), bytes)).toBe(0)
  expect(await strayFiles(at.folder)).toEqual([])
}

describe('a blob in parts', () => {
  it('comes whole, each byte once but for the head, over as many openings as are wanted', async () => {
    const at = await place()
    const body = watched()
    await at.put(body)
    await expectStored(at)
    expect(body.mostAtOnce()).toBe(4)
    expect(body.outstanding()).toBe(0)
    expect(body.given()).toBeLessThan(bytes.byteLength + 200_000)
    expect(body.asked.length).toBeGreaterThan(5)
  })

  it('is not left as long as more of it has arrived', async () => {
    const at = await place()
    let asked = 0
    const open = async function* (offset = 0, end = bytes.byteLength): AsyncGenerator<Uint8Array> {
      asked += 1
      for (let from = offset; from < end; from += 100_000) yield bytes.slice(from, Math.min(end, from + 100_000))
    }
    await at.put(leasedBody({ size: bytes.byteLength, open }, { leases: 8 }))
    await expectStored(at)
    expect(asked).toBe(1)
  })

  it.each([
    ['no leave', { leases: 0 }, 1],
    ['leave for one more', { leases: 1 }, 2],
  ])('keeps to %s', async (_what, behaviour, most) => {
    const at = await place()
    const body = watched(behaviour)
    await at.put(body)
    await expectStored(at)
    expect(body.mostAtOnce()).toBe(most)
    expect(body.given()).toBeLessThan(bytes.byteLength + 200_000)
  })

  it('comes in one go if that is fast enough, or if it is small', async () => {
    const at = await place()
    const body = watched()
    await at.put(body, parts(1))
    await expectStored(at)
    expect(body.asked).toEqual([{ from: 0, to: bytes.byteLength }])

    const small = testBlob(randomBytes(MIB, 'small'))
    const other = await place(small.descriptor)
    const little = watched({ content: small.bytes })
    await other.put(little)
    expect(little.asked).toEqual([{ from: 0, to: MIB }])
  })

  it('takes no more than a part from a body that does not know of ends', async () => {
    const at = await place()
    const body = watched({ ends: false })
    await at.put(body)
    await expectStored(at)
    expect(body.given()).toBeLessThan(bytes.byteLength + 10 * 200_000)
  })

  it('goes back to one opening when more do not help', async () => {
    const at = await place()
    let looks = 0
    const growth: Growth = {
      get settled() {
        return looks > 6
      },
      came: () => undefined,
      wanted: () => {
        looks += 1
        return looks > 6 ? 1 : 4
      },
    }
    const body = watched()
    await at.put(body, growth)
    await expectStored(at)
    expect(body.asked.at(-1)?.to).toBe(bytes.byteLength)
    expect(body.outstanding()).toBe(0)
  })

  it('that breaks off is gone on with where it has gaps, and nothing is asked for twice', async () => {
    const at = await place()
    const first = watched({ failAfter: 20 * MIB })
    await expect(at.put(first)).rejects.toThrow('cut')
    expect(first.outstanding()).toBe(0)
    const kept = await at.kept()
    expect(kept).toBeGreaterThan(0.95 * first.given() - 200_000)
    const second = watched()
    await at.put(second)
    await expectStored(at)
    expect(second.given()).toBeLessThanOrEqual(bytes.byteLength - kept + 200_000)
  })

  it('that was begun in parts is ended without leave, too', async () => {
    const at = await place()
    await expect(at.put(watched({ failAfter: 20 * MIB }))).rejects.toThrow('cut')
    const kept = await at.kept()
    const body = watched({ leases: 0 })
    await at.put(body, parts(1))
    await expectStored(at)
    expect(body.mostAtOnce()).toBe(1)
    expect(body.given()).toBeLessThanOrEqual(bytes.byteLength - kept)
  })

  it('ends at once when it is aborted, and keeps what came', async () => {
    const at = await place()
    const controller = new AbortController()
    const reason = new Error('enough')
    const growth: Growth = { ...parts(4), came: () => void (body.given() > 10 * MIB && controller.abort(reason)) }
    const body = watched()
    await expect(at.put(body, growth, controller.signal)).rejects.toBe(reason)
    expect(body.outstanding()).toBe(0)
    expect(await at.kept()).toBeGreaterThan(9 * MIB)
  })

  it('with wrong bytes is refused and nothing of it is kept', async () => {
    const at = await place()
    const content = bytes.slice()
    content[30 * MIB] = (content[30 * MIB] ?? 0) ^ 1
    await expect(at.put(watched({ content }))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
    expect([await at.kept(), await strayFiles(at.folder)]).toEqual([0, []])
    await expect(stored(at)).rejects.toThrow('ENOENT')
  })

  it('whose kept parts were wrong begins anew', async () => {
    const at = await place()
    const content = bytes.map((byte) => byte ^ 1)
    await expect(at.put(watched({ content, failAfter: 20 * MIB }))).rejects.toThrow('cut')
    await expect(at.put(watched())).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', retryable: true })
    expect(await at.kept()).toBe(0)
    await at.put(watched())
    await expectStored(at)
  })

  it('that is shorter than it should be is refused', async () => {
    const at = await place()
    const content = bytes.slice(0, 30 * MIB)
    await expect(at.put(watched({ content }))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
    expect(await strayFiles(at.folder)).toEqual([])
  })
})
