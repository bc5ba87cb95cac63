import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { describe, it } from 'vitest'
import type { ContentFixture } from '../../src/conformance/content-steps.ts'
import { runContentCases } from '../../src/conformance/content.ts'
import { openStore } from '../../src/open-store.ts'
import { memoryContent, type MemoryBlobs } from './memory-content.ts'

/** A new store, and another namespace of it. */
async function newStore(durability: 'durable' | 'fast'): Promise<ContentFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'crossdock-content-'))
  const store = await openStore({ folder, durability })
  return {
    content: store.content,
    neighbour: store.namespace('neighbour').content,
    async dispose() {
      await store[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

for (const durability of ['durable', 'fast'] as const) {
  runContentCases({ test: it, describe, title: `content, ${durability}`, fixture: () => newStore(durability) })
}

/** A second implementation. */
async function inMemory(): Promise<ContentFixture> {
  const blobs: MemoryBlobs = new Map()
  return { content: memoryContent(blobs), neighbour: memoryContent(blobs) }
}

runContentCases({ test: it, describe, title: 'content, in memory', fixture: inMemory })
