import { type Descriptor, type Digest, imageName, type ImageReference } from '@crossdock/core'
import { createLimiter } from '@crossdock/streams'
import type { Ends } from './ends.ts'
import { staysForeign } from './foreign-layers.ts'
import { type ManifestNode, manifestsOf } from './graph.ts'
import { blobsToMove, type MovingBlob, type NodePlan } from './node-plan.ts'
import { type Operation, onSide, runOperation } from './operation.ts'
import { type CopyOptions, resolveOptions } from './options.ts'
import { openBoth } from './open-both.ts'
import type { Packing } from './packing.ts'
import { type Preparation, prepareCopy, type Work } from './prepare.ts'
import type { SignatureCounts } from './tally.ts'

/**
 * What becomes of a blob: it `move`s, moves from where an earlier attempt ended (`resume`), is there already (`reuse`), is
 * taken over from a neighbouring repository (`mount`), stays where its URLs point (`foreign`), moves and is packed in another way
 * (`pack`), is there already and is read for what it unpacks to (`read`), or is made for a converted manifest (`make`).
 */
export type BlobAction = 'move' | 'resume' | 'reuse' | 'mount' | 'foreign' | 'pack' | 'read' | 'make'

export interface PlannedBlob {
  readonly blob: Descriptor
  readonly action: BlobAction
  /** Bytes that have to move, of `blob.size`. */
  readonly bytes: number
  /** What a `pack`ed layer will be packed as. */
  readonly packing?: Packing | undefined
}

export interface PlannedManifest {
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number
  /** The media types that it is offered under, best first: the next one if the destination refuses the one before it. */
  readonly candidates: readonly string[]
  /** What it will be as the first of them, if it does not stay as it is. */
  readonly becomes?: PlannedConversion | undefined
}

export interface PlannedConversion {
  readonly mediaType: string
  /** Undefined if layers have to be packed or unpacked first. */
  readonly digest: Digest | undefined
  /** What the new form has no place for, a sentence each. */
  readonly lost: readonly string[]
}

/** What a copy would do, as data. */
export interface CopyPlan {
  readonly from: string
  readonly to: string
  readonly sourceDigest: Digest
  /**
   * What the destination would name; differs from `sourceDigest` if one platform was chosen, an index rewritten or a manifest converted.
   * Undefined if layers have to be packed or unpacked first.
   */
  readonly digest: Digest | undefined
  /** True if the destination already names this image and has all of it. */
  readonly upToDate: boolean
  /** In the order in which they would be written. Empty if up to date. */
  readonly manifests: readonly PlannedManifest[]
  readonly blobs: readonly PlannedBlob[]
  /** Sums over `blobs`, in bytes. */
  readonly bytes: { readonly total: number; readonly move: number }
  /** How many would be carried along, and how many made. */
  readonly signatures: SignatureCounts
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

async function planBlobs({ work }: Preparation, ends: Ends): Promise<readonly PlannedBlob[]> {
  if (work === undefined) return []
  const { operation, options } = ends
  const limiter = createLimiter(options.concurrency)
  const moving = new Map([...work.plans].flatMap(blobsToMove).map((move) => [move.blob.digest, move] as const))
  const made = new Map(
    [...work.made.values()].flatMap(({ blobs }) => blobs).map((blob) => [blob.descriptor.digest, blob]),
  )
  const tasks = [
    ...[...moving.values()].map((move) => () => planBlob(move, ends)),
    ...[...made.values()].map(
      ({ descriptor }) =>
        () =>
          planMade(descriptor, ends),
    ),
  ]
  return Promise.all(tasks.map((task) => limiter.run(task, { signal: operation.signal })))
}

async function planMade(blob: Descriptor, { destination, operation }: Ends): Promise<PlannedBlob> {
  const find = async (): Promise<unknown> => destination.findBlob?.(blob, operation)
  const found = await onSide('destination', destination.reference, find, operation.signal)
  return { blob, action: found === undefined ? 'make' : 'reuse', bytes: 0 }
}

async function planBlob({ blob, packing, learning }: MovingBlob, ends: Ends): Promise<PlannedBlob> {
  const { source, destination, options, operation } = ends
  if (packing !== undefined) return { blob, action: 'pack', bytes: blob.size, packing }
  if (staysForeign(blob, destination, options)) return { blob, action: 'foreign', bytes: 0 }
  const atDestination = <Value>(call: () => Promise<Value>): Promise<Value> =>
    onSide('destination', destination.reference, call, operation.signal)
  const wanted = { ...blob, from: source.reference }
  const found = await atDestination(async () => destination.findBlob?.(wanted, operation))
  if (learning === 'needed') return { blob, action: found === undefined ? 'move' : 'read', bytes: blob.size }
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
  const { work, root } = prepared
  return {
    from: imageName(from),
    to: imageName(to),
    sourceDigest: root.sourceDigest,
    digest: work === undefined ? root.manifest.digest : work.made.get(work.graph.top)?.manifest.digest,
    upToDate: work === undefined,
    manifests: work === undefined ? [] : [...work.plans].map(([node, plan]) => describeManifest(node, plan, work)),
    blobs,
    bytes: { total: sum(blobs.map(({ blob }) => blob.size)), move: sum(blobs.map(({ bytes }) => bytes)) },
    signatures: countSignatures(work),
    warnings: operation.warnings,
  }
}

function countSignatures(work: Work | undefined): SignatureCounts {
  if (work === undefined) return { carried: 0, made: 0 }
  const { top, referrers } = work.graph
  const carried = sum(manifestsOf([top, ...referrers]).map(({ signatures }) => signatures.length))
  return { carried, made: manifestsOf([top]).length * (work.signing?.signers.length ?? 0) }
}

function describeManifest(node: ManifestNode, { types, changes }: NodePlan, { made, lost }: Work): PlannedManifest {
  const { digest, mediaType, bytes } = node.manifest
  const planned = { digest, mediaType, size: bytes.byteLength, candidates: types }
  if (!changes) return planned
  const becomes = {
    mediaType: types[0] ?? mediaType,
    digest: made.get(node)?.manifest.digest,
    lost: lost.get(node) ?? [],
  }
  return { ...planned, becomes }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
