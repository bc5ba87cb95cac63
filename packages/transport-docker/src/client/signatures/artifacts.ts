import {
  type Descriptor,
  type Digest,
  ImageError,
  type ManifestBytes,
  type OperationOptions,
  report,
  shortDigest,
  type Signature,
  type SigstoreSignature,
} from '@crossdock/core'
import { bundleArtifact, isSignatureArtifactType, readSignatureArtifact } from '@crossdock/formats'
import type { BlobWriter } from '../blob-writer.ts'
import { findManifest } from '../manifest-read.ts'
import { writeManifest } from '../manifest-write.ts'
import { subjectReferrers } from '../referrers.ts'
import type { Repository } from '../repository.ts'
import { putBlobs, readWhole } from './attachments.ts'

/** More artifacts with signatures over one manifest than this are refused. */
const MAX_ARTIFACTS = 128

/**
 * The signatures in artifacts that name the manifest as their subject: sigstore bundles. A registry that does not tell what refers to an image
 * has none, which is reported. Throws `INVALID_DATA`, `LIMIT_EXCEEDED`, `DIGEST_MISMATCH`.
 */
export async function readArtifacts(
  repository: Repository,
  subject: Digest,
  operation?: OperationOptions,
): Promise<readonly Signature[]> {
  const found: Signature[] = []
  for (const { digest } of await listArtifacts(repository, subject, operation)) {
    const manifest = await findManifest(repository, digest, operation)
    if (manifest === undefined) continue
    found.push(...(await readSignatureArtifact(manifest, subject, (layer) => readWhole(repository, layer, operation))))
  }
  return found
}

/** Refused access says nothing of the image, which was readable. */
const NOT_TOLD: readonly string[] = ['FORBIDDEN', 'UNAUTHENTICATED', 'UNSUPPORTED', 'INVALID_DATA']

function isWanted({ artifactType = '' }: Descriptor): boolean {
  return isSignatureArtifactType(artifactType)
}

async function listArtifacts(
  repository: Repository,
  subject: Digest,
  operation: OperationOptions | undefined,
): Promise<readonly Descriptor[]> {
  const read = (digest: Digest): Promise<ManifestBytes | undefined> => findManifest(repository, digest, operation)
  const listed: Descriptor[] = []
  try {
    for await (const descriptor of subjectReferrers(repository, subject, { operation, read, isWanted })) {
      if (listed.push(descriptor) > MAX_ARTIFACTS) throw tooMany(repository, subject)
    }
  } catch (error) {
    if (!(error instanceof ImageError) || !NOT_TOLD.includes(error.code)) throw error
    const message = `no sigstore bundles were looked for: ${error.message}`
    report(operation, { type: 'note', level: 'warning', message })
    return []
  }
  return listed
}

function tooMany({ side }: Repository, subject: Digest): ImageError {
  const message = `more than ${MAX_ARTIFACTS} artifacts hold signatures of ${shortDigest(subject)}`
  return new ImageError('LIMIT_EXCEEDED', message, { side })
}

export interface WriteBundlesOptions {
  readonly bundles: readonly SigstoreSignature[]
  readonly blobs: BlobWriter
  readonly operation?: OperationOptions | undefined
}

/** Writes each bundle as an artifact of its own. The same bundle again is the same artifact. */
export async function writeBundles(
  repository: Repository,
  subject: Descriptor,
  { bundles, blobs, operation }: WriteBundlesOptions,
): Promise<void> {
  for (const bundle of bundles) {
    const artifact = bundleArtifact(bundle, subject)
    await putBlobs(blobs, artifact.blobs, operation)
    await writeManifest(repository, artifact.manifest, { name: artifact.manifest.digest, operation })
  }
}
