import assert from 'node:assert/strict'
import { readdir, readlink } from 'node:fs/promises'
import type { CaseFixture } from './conformance-case.ts'

/** What keeps a process busy: sockets, pipes, file handles. */
type Handles = ReadonlyMap<string, number>

/** Of the runtime and of the test runner; they come and go by themselves. */
const NOT_OURS = new Set([
  'Timeout',
  'Immediate',
  'TickObject',
  'MessagePort',
  'PipeWrap',
  'TTYWrap',
  'SignalWrap',
  'CloseReq',
])

/**
 * Runs the work twice and fails if the second run leaves handles open that were not open after the first, with the
 * transport closed each time. The first run warms up what stays open on purpose.
 */
export async function assertReleases(
  { transport, patienceMs }: Pick<CaseFixture, 'transport' | 'patienceMs'>,
  work: () => Promise<void>,
): Promise<void> {
  await work()
  await transport.close?.()
  await settle()
  const before = await openHandles()
  await work()
  await transport.close?.()
  const deadline = performance.now() + patienceMs
  let more = grown(before, await openHandles())
  while (more.length > 0 && performance.now() < deadline) {
    await turn()
    more = grown(before, await openHandles())
  }
  assert.deepEqual(more, [], 'handles are left open')
}

/** Waits until closing connections are closed, so that they do not count as open before the work. */
async function settle(): Promise<void> {
  let last = total(await openHandles())
  for (let calm = 0; calm < 20;) {
    await turn()
    const now = total(await openHandles())
    calm = now < last ? 0 : calm + 1
    last = now
  }
}

async function openHandles(): Promise<Handles> {
  const counts = new Map<string, number>()
  const add = (kind: string): void => void counts.set(kind, (counts.get(kind) ?? 0) + 1)
  for (const kind of process.getActiveResourcesInfo()) if (!NOT_OURS.has(kind) && !kind.startsWith('FSReq')) add(kind)
  for (const target of await openFiles()) add(target)
  return counts
}

/** On Linux, what each descriptor is open on; elsewhere nothing, and the resources above have to do. */
async function openFiles(): Promise<string[]> {
  const names = await readdir('/proc/self/fd').catch(() => [])
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')))
  return targets.filter((target) => target.startsWith('/') && !target.startsWith('/proc/'))
}

function grown(before: Handles, after: Handles): string[] {
  return [...after].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind]) => kind)
}

function total(handles: Handles): number {
  return [...handles.values()].reduce((sum, count) => sum + count, 0)
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
