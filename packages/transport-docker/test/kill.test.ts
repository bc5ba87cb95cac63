import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { randomBytes } from '@crossdock/transport-testkit'
import { expect, it, onTestFinished } from 'vitest'
import { folderJournal } from '../src/index.ts'
import { descriptor, registry, transport, watchedBody } from './peers.ts'

const MIB = 1024 * 1024
const SIZE = 24 * MIB

it('what had arrived before a SIGKILL is not sent again by the next process', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'crossdock-kill-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await using server = await registry()
  // The second chunk stops half-way, so that there is a middle to be killed in.
  server.faults.add({
    match: { method: 'PATCH', nth: 2 },
    action: { kind: 'hang', afterBytes: 3 * MIB, of: 'request' },
  })
  const script = fileURLToPath(new URL('push-in-child.ts', import.meta.url))
  const child = spawn(process.execPath, [script, server.host, folder, String(SIZE)], { stdio: 'inherit' })
  const ended = once(child, 'exit')
  await expect
    .poll(() => server.counters.bytesReceived, { timeout: 15_000, interval: 10 })
    .toBeGreaterThanOrEqual(8 * MIB)
  child.kill('SIGKILL')
  expect((await ended)[1]).toBe('SIGKILL')
  server.faults.clear()

  const bytes = randomBytes(SIZE, 'killed')
  await using destination = await transport({ journal: folderJournal(folder) })
    .parseReference(`//${server.host}/a:t`)
    .openDestination()
  // The registry notices that the connection is gone in its own time.
  await expect
    .poll(() => destination.partialBlob?.(descriptor(bytes)), { timeout: 5000 })
    .toBeGreaterThanOrEqual(5 * MIB)
  const kept = (await destination.partialBlob?.(descriptor(bytes))) ?? 0
  const body = watchedBody(bytes)
  await destination.putBlob(body, descriptor(bytes))
  expect(body.offsets).toEqual([kept])
  expect(body.sent()).toBe(SIZE - kept)
  expect(await destination.findBlob?.(descriptor(bytes))).toBe('present')
})
