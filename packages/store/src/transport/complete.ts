import { type Descriptor, ImageError, type OperationOptions, type PutManifestOptions } from '@crossdock/core'
import { checkImage, type DocumentReader, documentReader, listedReferrers } from '@crossdock/formats'
import { attachedRecords, indexOfRecords } from './attached.ts'
import { recordOf } from './find-target.ts'
import { manifestReader } from './readers.ts'
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
  let subject: Descriptor | undefined
  const readAny = documentReader(manifestReader(paths))
  const read: DocumentReader = async (descriptor, options) => {
    const document = await readAny(descriptor, options)
    // Referrers inside the image are found through it.
    if (descriptor.digest === manifest.digest) subject = document?.subject
    return document
  }
  try {
    const has = (blob: Descriptor): Promise<boolean> => trust.holds(blob, { signal })
    const { missing, present } = await checkImage(manifest, { read, has, untilMissing: true, signal })
    const isWhole = missing.length === 0 && (subject === undefined || (await isListed(session, subject, manifest)))
    return isWhole ? present : undefined
  } catch (reason) {
    // Damaged content has to be written again.
    if (reason instanceof ImageError && ['DIGEST_MISMATCH', 'INVALID_DATA'].includes(reason.code)) return undefined
    throw reason
  }
}

async function isListed(session: Session, subject: Descriptor, manifest: Descriptor): Promise<boolean> {
  const index = indexOfRecords(await attachedRecords(session.context, [subject.digest]))
  const listed = await listedReferrers(index, manifestReader(session.paths), subject.digest)
  return listed.some(({ digest }) => digest === manifest.digest)
}
