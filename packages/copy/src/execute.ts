import type { ManifestBytes } from '@crossdock/core'
import type { CountedEnds } from './ends.ts'
import { distinctBlobs, manifestsOf } from './graph.ts'
import { GraphWriter } from './graph-writer.ts'
import { blobsToMove } from './node-plan.ts'
import type { Work } from './prepare.ts'
import { createTaskGroup } from './task-group.ts'

/**
 * Writes the whole graph in one scheduler: every blob at once, largest first, each manifest as soon as all that it reaches
 * is there, then the top one, the commit, and what refers to the image. Answers with the top manifest as it was written.
 */
export async function executeCopy(work: Work, ends: CountedEnds): Promise<ManifestBytes> {
  const { top, referrers } = work.graph
  const manifests = manifestsOf([top, ...referrers])
  const moving = new Set([...work.plans].flatMap(blobsToMove).map(({ blob }) => blob.digest))
  const blobs = distinctBlobs([top, ...referrers]).filter(({ digest }) => moving.has(digest))
  const bytes = blobs.reduce((total, { size }) => total + size, 0)
  ends.operation.onProgress({ type: 'plan', manifests: manifests.length, blobs: blobs.length, bytes })

  const group = createTaskGroup(ends.operation.signal)
  const writer = new GraphWriter(group, { ...ends, operation: ends.operation.under(group.signal) }, work)
  writer.start()
  await group.finish()
  return writer.writtenAs(top)
}
