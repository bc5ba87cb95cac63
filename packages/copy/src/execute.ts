import { type Descriptor, type Digest, ImageError } from '@crossdock/core'
import { type BlobCopier, createBlobCopier } from './blob-copier.ts'
import type { CountedEnds } from './ends.ts'
import { distinctBlobs, type ImageGraph, type ManifestNode, manifestsOf } from './graph.ts'
import { onSide } from './operation.ts'
import { createTaskGroup, type TaskGroup } from './task-group.ts'

/**
 * Writes the whole graph in one scheduler: every blob at once, largest first, each manifest as soon as all that it reaches
 * is there, then the top one, the commit, and what refers to the image.
 */
export async function executeCopy(graph: ImageGraph, ends: CountedEnds): Promise<void> {
  const { top, referrers } = graph
  const manifests = manifestsOf([top, ...referrers])
  const blobs = distinctBlobs([top, ...referrers])
  const bytes = blobs.reduce((total, { size }) => total + size, 0)
  ends.operation.onProgress({ type: 'plan', manifests: manifests.length, blobs: blobs.length, bytes })

  const group = createTaskGroup(ends.operation.signal)
  const writer = createWriter(group, { ...ends, operation: ends.operation.under(group.signal) }, { manifests, blobs })
  for (const blob of blobs.toSorted((a, b) => b.size - a.size)) writer.blob(blob)
  writer.root(top, referrers)
  await group.finish()
}

interface Writer {
  blob(blob: Descriptor): void
  root(top: ManifestNode, referrers: readonly ManifestNode[]): void
}

function createWriter(
  group: TaskGroup,
  ends: CountedEnds,
  known: { readonly manifests: readonly ManifestNode[]; readonly blobs: readonly Descriptor[] },
): Writer {
  const { destination, operation } = ends
  const copier = createBlobCopier(ends)
  const atDestination = (call: () => Promise<void>): Promise<void> =>
    onSide('destination', destination.reference, call, operation.signal)

  const blob = (descriptor: Descriptor): Promise<void> => group.once(descriptor.digest, () => copier.copy(descriptor))
  const reached = async (node: ManifestNode): Promise<void> => {
    await Promise.all([...node.blobs.map(blob), ...node.children.map(child)])
  }
  const child = (node: ManifestNode): Promise<void> =>
    group.once(`manifest ${node.manifest.digest}`, async () => {
      await reached(node)
      await put(node, node.manifest.digest)
    })
  const put = async (node: ManifestNode, instance: Digest | undefined): Promise<void> => {
    const write = () => atDestination(() => destination.putManifest(node.manifest, { ...operation, instance }))
    await healed(write, { copier, known, put })
    if (node.signatures.length > 0) {
      await atDestination(async () => destination.putSignatures?.(node.signatures, instance, operation))
      operation.onProgress({ type: 'signatures', count: node.signatures.length })
    }
    const { digest, mediaType, bytes } = node.manifest
    operation.onProgress({ type: 'manifest', digest, mediaType, size: bytes.byteLength })
  }
  const root = (top: ManifestNode, referrers: readonly ManifestNode[]): Promise<void> =>
    group.once('root', async () => {
      await reached(top)
      await put(top, undefined)
      for (const referrer of referrers) await child(referrer)
      await healed(() => atDestination(() => destination.commit(operation)), { copier, known, put })
    })
  return { blob: handled(blob), root: handled(root) }
}

/** The group rethrows the failure; the promise itself is nobody's to wait for. */
function handled<Arguments extends readonly unknown[]>(
  start: (...values: Arguments) => Promise<void>,
): (...values: Arguments) => void {
  return (...values) => {
    start(...values).catch(() => undefined)
  }
}

/**
 * A destination may have said "it is here" of content that it has lost since (pull-through caches do). What it then names
 * as missing is sent again, once.
 */
async function healed(
  write: () => Promise<void>,
  {
    copier,
    known,
    put,
  }: {
    readonly copier: BlobCopier
    readonly known: { readonly manifests: readonly ManifestNode[]; readonly blobs: readonly Descriptor[] }
    readonly put: (node: ManifestNode, instance: Digest) => Promise<void>
  },
): Promise<void> {
  try {
    await write()
  } catch (error) {
    const missing = error instanceof ImageError ? new Set(error.missing) : new Set<Digest>()
    const blobs = known.blobs.filter(({ digest }) => missing.has(digest))
    const manifests = known.manifests.filter(({ manifest }) => missing.has(manifest.digest))
    if (blobs.length + manifests.length === 0) throw error
    await Promise.all(blobs.map((lost) => copier.copy(lost, { again: true })))
    for (const node of manifests) await put(node, node.manifest.digest)
    await write()
  }
}
