import {
  acquireLock,
  type Lock,
  quotePath,
  replaceFile,
  requireBlobs,
  syncFolder,
  sweepPartials,
  trimStamps,
} from '@crossdock/blob-files'
import { type Digest, type ManifestBytes, type OperationOptions } from '@crossdock/core'
import { formerContent, reachedBy, type Removal, removeFormer } from './former.ts'
import { instancePath } from './paths.ts'
import { type Session, signatureFiles } from './session.ts'
import { writeSignatures } from './signatures.ts'
import { noteFinished, noteUnfinished } from './unfinished.ts'
import { readVersion, versionFor, writeVersion } from './version.ts'

/**
 * Makes the folder stand for what was put. `manifest.json` changes in one step; what comes before it harms the old image as little as
 * what comes behind it the new one. Throws `CONFLICT` if the lock does not become free in time, or if something that was there
 * before was removed meanwhile.
 */
export async function commitImage(session: Session, operation: OperationOptions = {}): Promise<void> {
  const { paths, options, top } = session
  await using lock = await acquireLock(paths.work, {
    ...operation,
    timeoutMs: options.lockTimeoutMs,
    guarded: quotePath(paths.root),
  })
  await requireContent(session)
  if (options.durable) await syncFolder(paths.root)
  if (top === undefined) await writeAllSignatures(session, lock)
  else await replaceImage({ session, top, lock, operation })
  await sweepPartials(paths.blobs)
  await trimStamps(paths.blobs)
}

interface Replacement {
  readonly session: Session
  readonly top: ManifestBytes
  readonly lock: Lock
  readonly operation: OperationOptions
}

async function replaceImage({ session, top, lock, operation }: Replacement): Promise<void> {
  const { paths, options } = session
  const { durable } = options
  const former = await formerContent(paths, operation)
  const needed = await neededBy(session, top, operation)
  const version = versionFor(needed)
  await noteUnfinished(paths, former, options)
  const { bytes } = top
  await replaceFile(paths.manifest, { bytes, work: paths.work, durable, beforeRename: () => lock.assertHeld() })
  const signed = await writeAllSignatures(session, lock)
  if ((await readVersion(paths)) !== version) await writeVersion(paths, version, options)
  await lock.assertHeld() // else what is removed may be another's by now
  await removeFormer(paths, { former, needed, signed })
  if (durable) await syncFolder(paths.root)
  await noteFinished(paths)
}

/** What was put, and what was there and belongs to it. The top itself lies under no digest. */
async function neededBy(
  { paths, needed: blobs, instances }: Session,
  top: ManifestBytes,
  operation: OperationOptions,
): Promise<ReadonlySet<Digest>> {
  const needed = new Set(await reachedBy(paths, top, operation))
  needed.delete(top.digest)
  for (const digest of [...blobs, ...instances]) needed.add(digest)
  return needed
}

/** Every manifest that was put has the signatures that were put with it, or none. */
async function writeAllSignatures(session: Session, lock: Lock): Promise<Removal['signed']> {
  const { paths, instances, options } = session
  const files = signatureFiles(session)
  const { durable } = options
  for (const [instance, own] of files) await writeSignatures(paths, instance, { files: own, durable, lock })
  return new Map([...[...instances].map((instance) => [instance, []] as const), ...files])
}

async function requireContent({ paths, needed: blobs, instances }: Session): Promise<void> {
  const pathOf = (digest: Digest): string =>
    instances.has(digest) ? instancePath(paths, digest) : paths.blobs.pathOf(digest)
  await requireBlobs({ pathOf }, [...blobs, ...instances], quotePath(paths.root))
}
