import { type Descriptor, type Digest, imageName, type ImageReference } from '@crossdock/core'
import { createLimiter } from '@crossdock/streams'
import type { Ends } from './ends.ts'
import { staysForeign } from './foreign-layers.ts'
import { distinctBlobs, manifestsOf } from './graph.ts'
import { type Operation, onSide, runOperation } from './operation.ts'
import { type CopyOptions, resolveOptions } from './options.ts'
import { openBoth } from './open-both.ts'
import { type Preparation, prepareCopy } from './prepare.ts'

/**
 * What becomes of a blob: it `move`s, moves from where an earlier attempt ended (`resume`), is there already (`reuse`), is
 * taken over from a neighbouring repository (`mount`), or stays where its URLs point (`foreign`).
 */
export type BlobAction = 'move' | 'resume' | 'reuse' | 'mount' | 'foreign'

export interface PlannedBlob {
  readonly blob: Descriptor
  readonly action: BlobAction
  /** Bytes that have to move, of `blob.size`. */
  readonly bytes: number
}

export interface PlannedManifest {
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number
}

/** What a copy would do, as data. */
export interface CopyPlan {
  readonly from: string
  readonly to: string
  readonly sourceDigest: Digest
  /** What the destination would name; differs from `sourceDigest` if one platform was chosen or an index rewritten. */
  readonly digest: Digest
  /** True if the destination already names this image and has all of it. */
  readonly upToDate: boolean
  /** In the order in which they would be written. Empty if up to date. */
  readonly manifests: readonly PlannedManifest[]
  readonly blobs: readonly PlannedBlob[]
  /** Sums over `blobs`, in bytes. */
  readonly bytes: { readonly total: number; readonly move: number }
  readonly warnings: readonly string[]
}

/** Finds out what `copyImage` would do. Changes nothing at the destination. Throws what `copyImage` throws up to there. */
export async function planCopy(from: ImageReference, to: ImageReference, options: CopyOptions = {}): Promise<CopyPlan> {
  const resolved = resolveOptions(options)
  return runOperation(options, (operation) =>
    openBoth(from, to, { operation }, async (source, destination) => {
      const ends = { source, destination, options: resolved, operation }
      const prepared = await prepareCopy(source, destination, ends)
      return describe(prepared, await planBlobs(prepared, ends), { from, to, operation })
    }),
  )
}

async function planBlobs(prepared: Preparation, ends: Ends): Promise<readonly PlannedBlob[]> {
  if (prepared.graph === undefined) return []
  const limiter = createLimiter(ends.options.concurrency)
  const blobs = distinctBlobs([prepared.graph.top, ...prepared.graph.referrers])
  return Promise.all(blobs.map((blob) => limiter.run(() => planBlob(blob, ends), { signal: ends.operation.signal })))
}

async function planBlob(blob: Descriptor, { source, destination, options, operation }: Ends): Promise<PlannedBlob> {
  if (staysForeign(blob, destination, options)) return { blob, action: 'foreign', bytes: 0 }
  const atDestination = <Value>(call: () => Promise<Value>): Promise<Value> =>
    onSide('destination', destination.reference, call, operation.signal)
  const wanted = { ...blob, from: source.reference }
  const found = await atDestination(async () => destination.findBlob?.(wanted, operation))
  if (found !== undefined) return { blob, action: found === 'present' ? 'reuse' : 'mount', bytes: 0 }
  const kept = await atDestination(async () => (await destination.partialBlob?.(blob, operation)) ?? 0)
  return { blob, action: kept > 0 ? 'resume' : 'move', bytes: blob.size - kept }
}

function describe(
  prepared: Preparation,
  blobs: readonly PlannedBlob[],
  {
    from,
    to,
    operation,
  }: { readonly from: ImageReference; readonly to: ImageReference; readonly operation: Operation },
): CopyPlan {
  const { graph, root } = prepared
  const nodes = graph === undefined ? [] : [...manifestsOf([graph.top]), ...manifestsOf(graph.referrers)]
  return {
    from: imageName(from),
    to: imageName(to),
    sourceDigest: root.sourceDigest,
    digest: root.manifest.digest,
    upToDate: graph === undefined,
    manifests: nodes.map(({ manifest }) => ({
      digest: manifest.digest,
      mediaType: manifest.mediaType,
      size: manifest.bytes.byteLength,
    })),
    blobs,
    bytes: { total: sum(blobs.map(({ blob }) => blob.size)), move: sum(blobs.map(({ bytes }) => bytes)) },
    warnings: operation.warnings,
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
