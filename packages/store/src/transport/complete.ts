import { manifestReader } from '@crossdock/blob-files'
import type { Descriptor, OperationOptions, PutManifestOptions } from '@crossdock/core'
import { completeImage, listedReferrers } from '@crossdock/formats'
import { attachedRecords, indexOfRecords } from './attached.ts'
import { recordOf } from './find-target.ts'
import type { Session } from './session.ts'

/** True if the reference, or the tag that is given, names this manifest already. */
export async function isNamed(
  { store, location }: Session,
  manifest: Descriptor,
  options: PutManifestOptions = {},
): Promise<boolean> {
  const name = options.tag ?? location.name
  const record = name === undefined ? undefined : await recordOf(store, name, options)
  return record?.target.digest === manifest.digest
}

/** What a manifest reaches, itself included, if all of it and its entry in the list of referrers are there and undamaged. */
export async function completeContent(
  session: Session,
  manifest: Descriptor,
  { signal }: OperationOptions = {},
): Promise<readonly Descriptor[] | undefined> {
  const { paths, trust } = session
  return await completeImage(manifest, {
    read: manifestReader(paths.blobs),
    has: (blob) => trust.holds(blob, { signal }),
    isListed: (subject) => isListed(session, subject, manifest),
    signal,
  })
}

async function isListed(session: Session, subject: Descriptor, manifest: Descriptor): Promise<boolean> {
  const index = indexOfRecords(await attachedRecords(session.context, [subject.digest]))
  const listed = await listedReferrers(index, manifestReader(session.paths.blobs), subject.digest)
  return listed.some(({ digest }) => digest === manifest.digest)
}
