import { manifestReader } from '@crossdock/blob-files'
import type { Descriptor, OperationOptions } from '@crossdock/core'
import { completeImage, listedReferrers } from '@crossdock/formats'
import type { Session } from './session.ts'
import { readIndex } from './layout.ts'

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
  { signal }: OperationOptions = {},
): Promise<boolean> {
  const { paths, trust } = session
  const content = await completeImage(manifest, {
    read: manifestReader(paths.blobs),
    has: (blob) => trust.holds(blob, { signal }),
    isListed: (subject) => isListed(session, subject, manifest),
    signal,
  })
  return content !== undefined
}

async function isListed({ paths, options }: Session, subject: Descriptor, manifest: Descriptor): Promise<boolean> {
  const index = await readIndex(paths, options)
  if (index === undefined) return false
  const listed = await listedReferrers(index, manifestReader(paths.blobs), subject.digest)
  return listed.some((descriptor) => descriptor.digest === manifest.digest)
}
