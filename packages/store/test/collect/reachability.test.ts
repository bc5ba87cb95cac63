import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestEncoded } from '@crossdock/core'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { openStore } from '../../src/open-store.ts'
import { naivelyNeeded } from './naive-reachability.ts'
import { buildGraph, type Graph, graphs, imageNames } from './random-graph.ts'

async function checkGraph(graph: Graph): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'crossdock-graph-'))
  try {
    await using store = await openStore({
      folder,
      durability: 'fast',
      database: ':memory:',
      clock: { now: () => Date.now() },
    })
    const descriptors = await buildGraph(store, graph)
    const needed = naivelyNeeded(graph)
    const planned = await store.collect({ minAgeMs: 0, dryRun: true })
    const collected = await store.collect({ minAgeMs: 0 })
    const left = await readdir(join(folder, 'blobs', 'sha256'))
    const expected = descriptors.filter(
      (_, number) => needed.nodes.has(number) && graph.nodes[number]?.isMissing === false,
    )
    expect(left.toSorted()).toEqual(expected.map(({ digest }) => digestEncoded(digest)).toSorted())
    expect((await store.images.list()).map(({ name }) => name)).toEqual(
      imageNames(graph)
        .filter((_, number) => needed.images.has(number))
        .toSorted(),
    )
    expect(planned.digests.toSorted()).toEqual(collected.digests.toSorted())
    expect(planned.bytes).toBe(collected.bytes)
    expect(await store.collect({ minAgeMs: 0 })).toMatchObject({ blobs: 0, images: [], leases: [] })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

it('keeps exactly what a naive search reaches, in any graph', { timeout: 160_000 }, async () => {
  await fc.assert(fc.asyncProperty(graphs, checkGraph), {
    numRuns: Number(process.env['GRAPHS'] ?? 60),
    endOnFailure: true,
  })
})
