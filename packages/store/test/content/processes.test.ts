import { once } from 'node:events'
import { digestOf, ImageError } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { CHILDREN_RUN, runChild, startChild } from '../../../blob-files/test/children/run-child.ts'
import { openStore } from '../../src/open-store.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const HOLDER = new URL('../children/hold-ingest.ts', import.meta.url)
const BRINGER = new URL('../children/bring-in.ts', import.meta.url)
const HELD_BYTES = 5000
const ALL = new Uint8Array(2 * HELD_BYTES).fill(1)

describe.runIf(CHILDREN_RUN)('content and several processes', () => {
  it('keeps a ref from others for as long as its owner lives, and what that one wrote', async () => {
    const folder = await temporaryFolder()
    const child = startChild(HOLDER, [folder, 'shared', String(HELD_BYTES)])
    await once(child.process.stdout ?? child.process, 'data')
    await using store = await openStore({ folder })
    const { content } = store
    await expect(content.ingest({ ref: 'shared' })).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    await expect(content.abort('shared')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await content.status('shared')).toMatchObject({ offset: HELD_BYTES })

    const waiting = content.ingest({ ref: 'shared', wait: true })
    child.process.kill('SIGKILL')
    await using ingest = await waiting
    expect(ingest.status().offset).toBe(HELD_BYTES)
    expect(ingest.digest()).toBe(digestOf(ALL.subarray(0, HELD_BYTES)))
    await ingest.write(ALL.subarray(HELD_BYTES))
    expect((await ingest.commit()).info.digest).toBe(digestOf(ALL))
  })

  it('lets one of several bring a blob in, and tells the others', async () => {
    const folder = await temporaryFolder()
    await using store = await openStore({ folder })
    const said = await Promise.all(
      Array.from({ length: 4 }, () => runChild(BRINGER, [folder, 'one', String(ALL.byteLength)])),
    )
    expect(said.toSorted()).toStrictEqual(['there\n', 'there\n', 'there\n', 'wrote\n'])
    expect(await store.content.info(digestOf(ALL))).toMatchObject({ size: ALL.byteLength })
  })

  it('lets no two of many tasks have a ref at a time, however often it is left, committed and aborted', async () => {
    const folder = await temporaryFolder()
    await using store = await openStore({ folder, durability: 'fast' })
    await using other = await openStore({ folder, durability: 'fast' })
    let holders = 0
    let rounds = 0
    const task = async (at: number): Promise<void> => {
      const { content } = at % 2 === 0 ? store : other
      for (let round = 0; round < 15; round += 1) {
        await using ingest = await content.ingest({ ref: 'contended', wait: true })
        holders += 1
        expect(holders).toBe(1)
        await ingest.write(Uint8Array.of(at, round))
        holders -= 1
        rounds += 1
        if (round % 3 === 0) await ingest.commit()
        else await ingest[Symbol.asyncDispose]()
        if (round % 3 === 1) await content.abort('contended').catch(unlessInUse)
      }
    }
    await Promise.all(Array.from({ length: 6 }, (_, at) => task(at)))
    expect(rounds).toBe(6 * 15)
  })
})

/** Somebody else has it open by then, or has committed it. */
function unlessInUse(reason: unknown): void {
  if (reason instanceof ImageError && (reason.code === 'UNAVAILABLE' || reason.code === 'NOT_FOUND')) return
  throw reason
}
