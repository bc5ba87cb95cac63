import { ImageError } from '@crossdock/core'
import { recycle } from '@crossdock/streams'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HttpResponse } from '../../src/index.ts'
import { change, changed } from './changed-bytes.ts'
import { cutAt, sampleAnswer, type SampleAnswer } from './sample-answers.ts'
import { openWire, turn, type Wire } from './wire.ts'

/** How the other side cuts an answer, and how its reader takes it. */
const manner = fc.record({
  cuts: fc.array(fc.nat({ max: 4000 }), { maxLength: 30 }),
  isByteByByte: fc.boolean(),
  isSlow: fc.boolean(),
  gives: fc.boolean(),
})

type Manner = typeof manner extends fc.Arbitrary<infer T> ? T : never

async function read({ body }: HttpResponse, { isSlow, gives }: Manner): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) {
    chunks.push(gives ? chunk.slice() : chunk)
    if (gives) recycle(chunk)
    if (isSlow) await turn()
  }
  return Buffer.concat(chunks)
}

interface Read {
  readonly response: HttpResponse
  readonly body: Buffer
}

async function exchange(wire: Wire, { method, bytes, endsWithConnection }: SampleAnswer, how: Manner): Promise<Read> {
  const answer = wire.send({ method })
  const isShort = bytes.byteLength < 400
  const places = how.isByteByByte && isShort ? Array.from(bytes.keys()) : how.cuts
  const feed = async (): Promise<void> => {
    for (const piece of cutAt(bytes, places)) await wire.feed(piece)
    if (endsWithConnection) wire.end()
  }
  const readWhole = async (): Promise<Read> => {
    const response = await answer
    return { response, body: await read(response, how) }
  }
  const [result] = await Promise.all([readWhole(), feed()])
  return result
}

describe('sound answers, one after the other', () => {
  test('mean the same however they are cut and read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(sampleAnswer, manner), { minLength: 1, maxLength: 4 }), async (exchanges) => {
        let wire = openWire()
        let kept = 0
        for (const [sample, how] of exchanges) {
          const { response, body } = await exchange(wire, sample, how)
          expect(response.status).toBe(sample.status)
          for (const [name] of sample.fields) {
            expect(response.headers.all(name)).toEqual(
              sample.fields.filter(([key]) => key === name).map(([, text]) => text),
            )
          }
          expect(body.equals(sample.body)).toBe(true)
          await turn()
          if (!sample.endsWithConnection) kept += 1
          expect([wire.freed.length, wire.connection.usable]).toEqual([kept, !sample.endsWithConnection])
          if (!sample.endsWithConnection) continue
          wire = openWire()
          kept = 0
        }
      }),
      { numRuns: 150 },
    )
  })

  test('of which bytes are missing fail, never end as if they were whole', async () => {
    await fc.assert(
      fc.asyncProperty(sampleAnswer, manner, fc.nat(), async (sample, how, seed) => {
        fc.pre(!sample.endsWithConnection)
        const cut = {
          ...sample,
          bytes: sample.bytes.subarray(0, seed % sample.bytes.byteLength),
          endsWithConnection: true,
        }
        const wire = openWire()
        await expect(exchange(wire, cut, how)).rejects.toBeInstanceOf(ImageError)
        expect([wire.freed, wire.socket.destroyed]).toEqual([[], true])
      }),
      { numRuns: 150 },
    )
  })
})

describe('answers with changes', () => {
  test('come to an end, as an answer or as a failure, and leave the connection in order', async () => {
    const changes = fc.array(change, { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(sampleAnswer, changes, manner, async (sample, how, reading) => {
        const wire = openWire()
        const bytes = changed(sample.bytes, how)
        const outcome = await exchange(wire, { ...sample, bytes, endsWithConnection: true }, reading).catch(
          (error: unknown) => error,
        )
        await turn()
        const code = outcome instanceof ImageError ? outcome.code : 'UNAVAILABLE'
        expect(outcome instanceof Error).toBe(outcome instanceof ImageError)
        expect([code, wire.connection.usable, wire.socket.destroyed]).toEqual(['UNAVAILABLE', false, true])
      }),
      { numRuns: 300 },
    )
  })
})
