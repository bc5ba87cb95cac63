import type { Digest, ImageReference, ManifestBytes, TransportRegistry } from '@crossdock/core'
import { executeCopy } from './execute.ts'
import { openBoth } from './open-both.ts'
import { runOperation } from './operation.ts'
import { type CopyOptions, resolveOptions } from './options.ts'
import { prepareCopy } from './prepare.ts'
import { type CopyCounts, createTally } from './tally.ts'

/** What a copy did. */
export interface CopyResult extends CopyCounts {
  /** What the source reference names. */
  readonly sourceDigest: Digest
  /** What the destination now names; differs from `sourceDigest` if one platform was chosen, an index rewritten or a manifest converted. */
  readonly digest: Digest
  /** The document of that digest. */
  readonly manifest: ManifestBytes
  /** True if the destination had everything under its name, so that nothing was done. */
  readonly upToDate: boolean
  readonly warnings: readonly string[]
}

/**
 * Copies an image. What moves is verified; nothing is visible under the destination's name before all of it is there; an
 * interrupted copy goes on where it stopped when it is called again, in this process or another.
 *
 * Throws `ImageError` with the side and the image that failed, or the abort reason of `options.signal` as it is.
 */
export async function copyImage(
  from: ImageReference,
  to: ImageReference,
  options: CopyOptions = {},
): Promise<CopyResult> {
  const resolved = resolveOptions(options)
  return runOperation(options, (operation) =>
    openBoth(from, to, { operation }, async (source, destination) => {
      const { root, work } = await prepareCopy(source, destination, { options: resolved, operation })
      const tally = createTally()
      const ends = { source, destination, options: resolved, operation, tally }
      const manifest = work === undefined ? root.manifest : await executeCopy(work, ends)
      const counts = tally.counts()
      const { digest } = manifest
      operation.onProgress({ type: 'done', digest, bytes: counts.bytes.moved })
      return {
        ...counts,
        sourceDigest: root.sourceDigest,
        digest,
        manifest,
        upToDate: work === undefined,
        warnings: operation.warnings,
      }
    }),
  )
}

/** Parses both image names in the registry and copies. Throws `INVALID_REFERENCE` and `UNKNOWN_TRANSPORT` besides. */
export function copyByName(
  registry: TransportRegistry,
  from: string,
  to: string,
  options: CopyOptions = {},
): Promise<CopyResult> {
  return copyImage(registry.parse(from), registry.parse(to), options)
}
