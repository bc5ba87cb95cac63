import { ImageError, type Descriptor, type OperationOptions } from '@crossdock/core'
import { checkImage, type DocumentReader, documentReader, listedReferrers } from '@crossdock/formats'
import type { Session } from './session.ts'
import { readIndex } from './layout.ts'
import { manifestReader } from './manifest-reader.ts'

/** True if the reference, or the tag that is given, names this manifest already. */
export async function isNamed(
  { paths, options, selection }: Session,
  manifest: Descriptor,
  tag?: string,
): Promise<boolean> {
  const index = await readIndex(paths, options)
  if (index === undefined) return false
  const name = tag ?? selection.name
  const named = index.entries.filter((entry) =>
    name === undefined ? entry.name === undefined && entry.digest === manifest.digest : entry.name === name,
  )
  return named.length > 0 && named.every((entry) => entry.digest === manifest.digest)
}

/** True if the manifest, all that it reaches, and its entry in the list of referrers are there and undamaged. */
export async function isComplete(
  session: Session,
  manifest: Descriptor,
  operation: OperationOptions = {},
): Promise<boolean> {
  const { paths, trust } = session
  const { signal } = operation
  let subject: Descriptor | undefined
  const readAny = documentReader(manifestReader(paths.blobs))
  const read: DocumentReader = async (descriptor, options) => {
    const document = await readAny(descriptor, options)
    // Referrers inside the image are found through it.
    if (descriptor.digest === manifest.digest) subject = document?.subject
    return document
  }
  try {
    const has = (blob: Descriptor): Promise<boolean> => trust.holds(blob, { signal })
    const { missing } = await checkImage(manifest, { read, has, untilMissing: true, signal })
    if (missing.length > 0) return false
    return subject === undefined || (await isListed(session, subject, manifest))
  } catch (reason) {
    // Damaged content has to be written again.
    if (reason instanceof ImageError && ['DIGEST_MISMATCH', 'INVALID_DATA'].includes(reason.code)) return false
    throw reason
  }
}

async function isListed({ paths, options }: Session, subject: Descriptor, manifest: Descriptor): Promise<boolean> {
  const index = await readIndex(paths, options)
  if (index === undefined) return false
  const listed = await listedReferrers(index, manifestReader(paths.blobs), subject.digest)
  return listed.some((descriptor) => descriptor.digest === manifest.digest)
}
