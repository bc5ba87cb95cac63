import type { Descriptor, ManifestBytes, OperationOptions, PutManifestOptions } from '@crossdock/core'
import { checkImage } from '@crossdock/formats'
import { describe, imageReader } from './image-reader.ts'
import { hasDigest, ifUsable, readInstance, readTop } from './manifests.ts'
import type { Session } from './session.ts'
import { isUnfinished } from './unfinished.ts'

/** True if the folder, or a file in it, is this manifest already, and all that it reaches is there and undamaged. */
export async function hasManifest(
  session: Session,
  { digest, mediaType }: Descriptor,
  { instance, signal }: PutManifestOptions = {},
): Promise<boolean> {
  const { paths } = session
  const top = await ifUsable(readTop(paths))
  const isTop = top !== undefined && hasDigest(top.bytes, digest)
  // Signatures may be those of another image then, and are to be written again.
  if (instance === undefined && (!isTop || (await isUnfinished(paths)))) return false
  const found = isTop ? top : await ifUsable(readInstance(paths, digest))
  return found !== undefined && (await isComplete(session, { ...found, mediaType, digest }, { signal }))
}

async function isComplete(
  { paths, trust }: Session,
  top: ManifestBytes,
  { signal }: OperationOptions,
): Promise<boolean> {
  const { missing } = await checkImage(describe(top), {
    read: imageReader(paths, top),
    // Schema 1 gives no sizes, and without one no blob is trusted: such an image is written again.
    has: (blob) => trust.holds(blob, { signal }),
    untilMissing: true,
    signal,
  })
  return missing.length === 0
}
