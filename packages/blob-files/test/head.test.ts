import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { type BlobBody, bytesBody, createHasher } from '@crossdock/core'
import { hangingBody, randomBytes, testBlob } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { createHead, type Head } from '../src/head.ts'
import { temporaryFolder } from './temporary-folder.ts'

const PIECE = 10_000
const { bytes, descriptor } = testBlob(randomBytes(4 * PIECE, 'head'))
const pieces = [0, 1, 2, 3].map((number) => bytes.slice(number * PIECE, (number + 1) * PIECE))

/** Each piece comes so many turns of the event loop after the one before; after `silentAfter` pieces nothing comes any more. */
function coming({
  turns,
  silentAfter = Infinity,
}: {
  readonly turns: number
  readonly silentAfter?: number
}): BlobBody {
  return {
    size: bytes.byteLength,
    async *open() {
      for (const [number, piece] of pieces.entries()) {
        if (number >= silentAfter) await new Promise(() => undefined)
        for (let passed = 0; passed < turns; passed += 1) await turn()
        yield piece.slice()
      }
    },
  }
}

function nothing(): Promise<void> {
  return Promise.resolve()
}

interface Outcome {
  readonly isWhole: boolean
  readonly position: number
  readonly file: Buffer
}

async function read(body: BlobBody, goesOn: () => boolean): Promise<Outcome> {
  const path = join(await temporaryFolder(), 'blob')
  const handle = await open(path, 'w+')
  const file = { path, handle, size: 0, keep: nothing, discard: nothing, publish: nothing }
  const growth = { settled: true, came: () => undefined, wanted: () => 1 }
  const head: Head = createHead(body, {
    file,
    kept: 0,
    hasher: createHasher('sha256'),
    ...descriptor,
    growth,
    flusher: undefined,
    signal: new AbortController().signal,
  })
  const isWhole = await head.readWhile(goesOn)
  await head.close()
  await handle.close()
  return { isWhole, position: head.position, file: await readFile(path) }
}

describe('a head that is to be left', () => {
  // A connection that took its share rests for a turn, reads in the next, and what it read is handed over in a third.
  it.each([0, 1, 2, 3, 4])('takes what has arrived, though it comes %i turns later', async (turns) => {
    const { isWhole, position, file } = await read(coming({ turns }), () => false)
    expect({ isWhole, position }).toStrictEqual({ isWhole: true, position: bytes.byteLength })
    expect(file.equals(bytes)).toBe(true)
  })

  it.each([1, 2, 3])('is left where nothing comes any more, with %i pieces in the file', async (silentAfter) => {
    const { isWhole, position, file } = await read(coming({ turns: 1, silentAfter }), () => false)
    expect({ isWhole, position }).toStrictEqual({ isWhole: false, position: silentAfter * PIECE })
    expect(file.equals(bytes.subarray(0, position))).toBe(true)
  })

  it('is left in bounded time by a body that ends only with its signal', async () => {
    const body = hangingBody(bytesBody(bytes), { hangAfterBytes: PIECE })
    expect(await read(body, () => false)).toMatchObject({ isWhole: false, position: PIECE })
  })
})

it('a head that is to go on waits for what is slow', async () => {
  const { isWhole } = await read(coming({ turns: 50 }), () => true)
  expect(isWhole).toBe(true)
})
