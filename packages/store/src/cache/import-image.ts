import {
  type BlobBody,
  type Descriptor,
  digestAlgorithm,
  ImageError,
  type ImageSource,
  manifestDigest,
  type OperationOptions,
} from '@crossdock/core'
import {
  dispatch,
  type Handler,
  isDocument,
  isForeignLayer,
  isSignatureArtifactType,
  neededBy,
  parseManifest,
  referrerOf,
} from '@crossdock/formats'
import { createLimiter } from '@crossdock/streams'
import type { Session } from '../transport/session.ts'
import { writeDocument } from '../transport/write-document.ts'

const AT_ONCE = 8

/**
 * Brings in everything that a source has of an image, with its signatures and what refers to it; nothing is named. Instances that an index
 * lists and that are not there stay away. Throws `INVALID_DATA` for an image of which something is missing, `DIGEST_MISMATCH`.
 */
export async function importImage(
  session: Session,
  source: ImageSource,
  operation: OperationOptions = {},
): Promise<Descriptor> {
  const { bytes, mediaType, digest } = await source.getManifest(undefined, operation)
  const top = { mediaType, digest, size: bytes.byteLength }
  const waiting: Descriptor[] = [top]
  const seen = new Set<string>()
  for (let root = waiting.pop(); root !== undefined; root = waiting.pop()) {
    for (const manifest of await importGraph(session, source, { root, ...operation })) {
      if (seen.has(manifest.digest)) continue
      seen.add(manifest.digest)
      const signatures = await source.getSignatures(manifest.digest, operation)
      if (signatures.length > 0) session.signatures.set(manifest.digest, { signed: manifest, signatures })
      for await (const referrer of source.referrers?.(manifest.digest, operation) ?? []) {
        const isSignature = referrer.tag?.endsWith('.sig') ?? isSignatureArtifactType(referrer.artifactType ?? '')
        if (isSignature || seen.has(referrer.digest)) continue
        if (referrer.tag !== undefined) session.tags.set(referrer.tag, referrer)
        waiting.push(referrer)
      }
    }
  }
  return top
}

interface ImportOptions extends OperationOptions {
  readonly root: Descriptor
}

/** The manifests that were there. */
async function importGraph(
  session: Session,
  source: ImageSource,
  { root, signal }: ImportOptions,
): Promise<readonly Descriptor[]> {
  const present: Descriptor[] = []
  const bring: Handler = async (descriptor, { depth, signal: running }) => {
    if (!isDocument(descriptor)) {
      await importBlob(session, source, descriptor, { signal: running })
      return []
    }
    const bytes = await readDocument(source, descriptor, { signal: running })
    if (bytes === undefined && depth > 0) return []
    if (bytes === undefined) throw new ImageError('NOT_FOUND', `the manifest ${descriptor.digest} is not there`)
    const document = { ...descriptor, bytes }
    const manifest = parseManifest(document, { descriptor })
    await writeDocument(session, descriptor, bytes, { signal: running })
    session.put.set(descriptor.digest, descriptor)
    const referrer = referrerOf(document)
    if (referrer !== undefined) session.referrers.push(referrer)
    present.push(descriptor)
    return neededBy(manifest)
  }
  await session.ready()
  await dispatch([root], bring, { limiter: createLimiter(AT_ONCE), signal })
  return present
}

async function readDocument(
  source: ImageSource,
  { digest }: Descriptor,
  operation: OperationOptions,
): Promise<Uint8Array | undefined> {
  try {
    const { bytes } = await source.getManifest(digest, operation)
    const actual = manifestDigest(bytes, digestAlgorithm(digest))
    if (actual === digest) return bytes
    throw new ImageError('DIGEST_MISMATCH', `the manifest should be ${digest}, but its bytes are ${actual}`)
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
    throw reason
  }
}

async function importBlob(
  { methods }: Session,
  source: ImageSource,
  blob: Descriptor,
  operation: OperationOptions,
): Promise<void> {
  if ((await methods.reuseBlob(blob, operation)) !== undefined) return
  const body: BlobBody = {
    size: blob.size,
    async *open(offset, end) {
      yield* await source.getBlob(blob, { ...operation, offset, end })
    },
  }
  try {
    await methods.putBlob(body, blob, operation)
  } catch (reason) {
    if (!(reason instanceof ImageError) || reason.code !== 'NOT_FOUND') throw reason
    if (isForeignLayer(blob)) return
    throw new ImageError('INVALID_DATA', `a part of the image is missing: ${reason.message}`, { cause: reason })
  }
}
