import type { Descriptor, ManifestBytes, Signature } from '@crossdock/core'
import { addAttachments, type BlobContent, type PresentAttachments } from './attachments.ts'
import { bundleArtifact, isBundleType, simpleArtifact } from './signature-artifact.ts'

/** What signatures become where there are manifests and blobs, and nothing else. */
export interface SignatureDocuments {
  /** To be found by cosign's `.sig` tag; undefined if there is nothing to add to it. */
  readonly attachments: ManifestBytes | undefined
  /** Each names what is signed as its subject: all simple signatures in one, each bundle in one. */
  readonly artifacts: readonly ManifestBytes[]
  /** What all of them name. */
  readonly blobs: readonly BlobContent[]
}

/**
 * The documents of these signatures over `subject`, added to those under its `.sig` tag. Throws `LIMIT_EXCEEDED` for more, or larger
 * ones, than are read again.
 */
export function signatureDocuments(
  signatures: readonly Signature[],
  subject: Descriptor,
  present?: PresentAttachments,
): SignatureDocuments {
  const simple = signatures.filter((signature) => signature.format === 'simple')
  const sigstore = signatures.filter((signature) => signature.format === 'sigstore')
  const bundles = sigstore.filter(({ mediaType }) => isBundleType(mediaType))
  const attached = sigstore.filter(({ mediaType }) => !isBundleType(mediaType))
  const update = attached.length === 0 ? undefined : addAttachments(attached, present)
  const artifacts = [
    ...(simple.length > 0 ? [simpleArtifact(simple, subject)] : []),
    ...bundles.map((bundle) => bundleArtifact(bundle, subject)),
  ]
  return {
    attachments: update?.manifest,
    artifacts: artifacts.map(({ manifest }) => manifest),
    blobs: [...(update?.blobs ?? []), ...artifacts.flatMap(({ blobs }) => blobs)],
  }
}
