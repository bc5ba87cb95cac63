import { createHook } from 'node:async_hooks'
import { relative } from 'node:path'
import { copyImage } from '@crossdock/copy'
import type { ImageReference, ImageTransport } from '@crossdock/core'
import { startRegistry } from '@crossdock/registry-server'
import { dockerTransport } from '@crossdock/transport-docker'
import { ociDirTransport } from '@crossdock/transport-oci-dir'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { filesBelow } from '../src/files-below.ts'
import { openFiles } from '../src/open-files.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

/** Moments in which a copy is aborted, spread over all that it does. */
const MOMENTS = 16
const PROMPT_MS = 1000

/** What may stay behind: content, and what the next run goes on from. */
const KEPT = /^(?:oci-layout|index\.json|blobs\/sha256\/[0-9a-f]{64}|\.crossdock\/(?:stamps|lock\.\d+|partial\/[^/]+))$/

interface Ends {
  readonly transports: readonly ImageTransport[]
  readonly from: ImageReference
  readonly to: ImageReference
}

describe('a copy that is aborted at any moment ends at once, with the reason, and leaves nothing open', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let image: WrittenImage
  let server: Awaited<ReturnType<typeof startRegistry>>

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    server = stack.use(await startRegistry())
    image = await writeLayout(fresh('image'), { layers: [300_000, 20_000, 1], content: 'random' })
    const { transports, from, to } = open('oci', 'docker')
    await copyImage(from, to)
    await close(transports)
  })
  afterAll(() => stack.disposeAsync())

  let opened = 0
  function open(source: 'oci' | 'docker', destination: 'oci' | 'docker'): Ends {
    opened += 1
    const docker = dockerTransport({ resume: false })
    const oci = ociDirTransport()
    const folder = fresh('to')
    return {
      transports: [docker, oci],
      from:
        source === 'oci'
          ? oci.parseReference(`${image.folder}:latest`)
          : docker.parseReference(`//${server.host}/from:1`),
      to:
        destination === 'oci'
          ? oci.parseReference(`${folder}:x`)
          : docker.parseReference(`//${server.host}/${opened === 1 ? 'from' : `to-${opened}`}:1`),
    }
  }

  it.each([
    ['oci', 'oci'],
    ['oci', 'docker'],
    ['docker', 'oci'],
    ['docker', 'docker'],
  ] as const)('%s to %s', async (source, destination) => {
    const whole = open(source, destination)
    const steps = await countSteps(() => copyImage(whole.from, whole.to))
    await close(whole.transports)
    expect(steps).toBeGreaterThan(MOMENTS)
    const before = await openFiles()

    let aborted = 0
    for (let moment = 0; moment < MOMENTS; moment += 1) {
      const ends = open(source, destination)
      const outcome = await abortedCopy(ends, Math.round((moment * steps) / MOMENTS))
      if (outcome === 'aborted') aborted += 1
      expect(await strangeFiles(ends.to)).toEqual([])
      const { digest } = await copyImage(ends.from, ends.to)
      expect(digest).toBe(image.digest)
      await close(ends.transports)
    }
    expect(aborted).toBeGreaterThan(MOMENTS / 2)
    await expect.poll(openFiles, { timeout: 5000 }).toEqual(before)
  })
})

/** Aborts a copy at one of its steps. Throws unless it then ends at once, with the reason, or had ended before. */
async function abortedCopy({ from, to, transports }: Ends, step: number): Promise<'aborted' | 'done'> {
  const controller = new AbortController()
  const reason = new Error(`aborted at step ${step}`)
  let abortedAt = Infinity
  const stop = afterSteps(step, () => {
    abortedAt = performance.now()
    controller.abort(reason)
  })
  const outcome: unknown = await copyImage(from, to, { signal: controller.signal }).then(
    () => 'done',
    (error: unknown) => error,
  )
  stop()
  if (performance.now() - abortedAt > PROMPT_MS) throw new Error(`it took long to abort at step ${step}`)
  await close(transports)
  if (outcome === 'done') return 'done'
  if (outcome !== reason) throw new Error(`at step ${step} it ended with something else`, { cause: outcome })
  return 'aborted'
}

/** What lies in a folder beside what may. */
async function strangeFiles(to: ImageReference): Promise<readonly string[]> {
  if (to.transport.name !== 'oci') return []
  const folder = to.toString().replace(/:x$/, '')
  const paths = await filesBelow(folder)
  return paths.map((path) => relative(folder, path)).filter((path) => !KEPT.test(path))
}

async function close(transports: readonly ImageTransport[]): Promise<void> {
  await Promise.all(transports.map(async (transport) => await transport.close?.()))
}

/** Every promise that is made while something runs is a place where it may wait. */
async function countSteps(work: () => Promise<unknown>): Promise<number> {
  let steps = 0
  const stop = onEachStep(() => (steps += 1))
  await work()
  stop()
  return steps
}

function afterSteps(wanted: number, act: () => void): () => void {
  let steps = 0
  return onEachStep(() => {
    steps += 1
    // Not within the hook, where nothing else may run.
    if (steps === wanted + 1) queueMicrotask(act)
  })
}

function onEachStep(listener: () => void): () => void {
  const hook = createHook({ init: (_id, type) => void (type === 'PROMISE' && listener()) }).enable()
  return () => void hook.disable()
}
