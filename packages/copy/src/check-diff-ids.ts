import { type Digest, digestAlgorithm, ImageError, shortDigest } from '@crossdock/core'
import { imageOf, parseImageConfig } from '@crossdock/formats'
import type { Ends } from './ends.ts'
import type { ManifestNode } from './graph.ts'
import { onSide } from './operation.ts'

/**
 * Compares what layers were found to unpack to with what the image's configuration promises (image-spec, config.md, "diff_ids"): the digest of
 * packed bytes says nothing about that, and the packed bytes are left behind. A configuration that cannot be read promises
 * nothing. Throws `DIGEST_MISMATCH`.
 */
export async function checkDiffIds(
  node: ManifestNode,
  unpacked: ReadonlyMap<Digest, Digest>,
  { source, operation }: Ends,
): Promise<void> {
  if (node.parsed.kind !== 'image' || !node.layers.some(({ digest }) => unpacked.has(digest))) return
  const check = async (): Promise<void> => {
    const promised = promisedDiffIds(await imageOf(node, source).configBytes(operation))
    for (const [place, { digest }] of node.layers.entries()) {
      const found = unpacked.get(digest)
      const diffId = promised[place]
      if (found === undefined || diffId === undefined || isFulfilled(diffId, found)) continue
      throw new ImageError(
        'DIGEST_MISMATCH',
        `the layer ${shortDigest(digest)} unpacks to ${found}, but the image's config promises ${diffId}: one of them was replaced`,
      )
    }
  }
  await onSide('source', source.reference, check, operation.signal)
}

function promisedDiffIds(config: Uint8Array): readonly Digest[] {
  try {
    return parseImageConfig(config).rootfs.diffIds
  } catch (error) {
    if (error instanceof ImageError && (error.code === 'INVALID_DATA' || error.code === 'LIMIT_EXCEEDED')) return []
    throw error
  }
}

/** Layers are unpacked into sha256; what another algorithm promises is not known. */
function isFulfilled(diffId: Digest, found: Digest): boolean {
  return diffId === found || digestAlgorithm(diffId) !== digestAlgorithm(found)
}
