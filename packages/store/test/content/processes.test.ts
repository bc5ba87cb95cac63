import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { digestOf } from '@crossdock/core'
import { expect, it, onTestFinished } from 'vitest'
import { openStore } from '../../src/open-store.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const HELD_BYTES = 5000
const ALL = new Uint8Array(2 * HELD_BYTES).fill(1)

type Child = ChildProcessByStdio<null, Readable, null>

function start(name: string, args: readonly string[]): Child {
  const argv = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../children', name), ...args]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

it('keeps a ref from other processes for as long as its owner lives, and what that one wrote', async () => {
  const folder = await temporaryFolder()
  const child = start('hold-ingest.ts', [folder, 'shared', String(HELD_BYTES)])
  await once(child.stdout, 'data')
  await using store = await openStore({ folder })
  await expect(store.content.ingest({ ref: 'shared' })).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })
  await expect(store.content.abort('shared')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(await store.content.status('shared')).toMatchObject({ offset: HELD_BYTES })

  const waiting = store.content.ingest({ ref: 'shared', wait: true })
  child.kill('SIGKILL')
  await once(child, 'exit')
  await using ingest = await waiting
  expect(ingest.status().offset).toBe(HELD_BYTES)
  expect(ingest.digest()).toBe(digestOf(ALL.subarray(0, HELD_BYTES)))
  await ingest.write(ALL.subarray(HELD_BYTES))
  expect((await ingest.commit()).info.digest).toBe(digestOf(ALL))
})

it('lets one of several processes bring a blob in, and tells the others', async () => {
  const folder = await temporaryFolder()
  await using store = await openStore({ folder })
  const children = Array.from({ length: 4 }, () => start('bring-in.ts', [folder, 'one', String(ALL.byteLength)]))
  const said = await Promise.all(children.map((child) => text(child.stdout)))
  expect(said.toSorted()).toStrictEqual(['there\n', 'there\n', 'there\n', 'wrote\n'])
  expect(await store.content.info(digestOf(ALL))).toMatchObject({ size: ALL.byteLength })
})
