import { ImageError, type Descriptor, type OperationOptions } from '@crossdock/core'
import { isDocument, isForeignLayer, listedReferrers, neededBy, walkLayout } from '@crossdock/formats'
import type { Session } from './session.ts'
import { readIndex } from './layout.ts'
import { manifestReader } from './manifest-reader.ts'

/** True if the reference names this manifest already. */
export async function isNamed({ paths, options, selection }: Session, manifest: Descriptor): Promise<boolean> {
  const index = await readIndex(paths, options)
  if (index === undefined) return false
  const named = index.entries.filter((entry) =>
    selection.name === undefined
      ? entry.name === undefined && entry.digest === manifest.digest
      : entry.name === selection.name,
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
  try {
    for await (const node of walkLayout(manifestReader(paths.blobs), [manifest], { readImages: true, signal })) {
      if (node.manifest === undefined) return false
      const blobs = neededBy(node.manifest).filter((blob) => !isDocument(blob) && !isForeignLayer(blob))
      for (const blob of blobs) if (!(await trust.holds(blob, { signal }))) return false
      // Referrers inside the image are found through it.
      const subject = node.descriptor.digest === manifest.digest ? node.manifest.subject : undefined
      if (subject !== undefined && !(await isListed(session, subject, manifest))) return false
    }
    return true
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
