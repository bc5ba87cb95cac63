import {
  type Descriptor,
  type Digest,
  ImageError,
  type ManifestBytes,
  type OperationOptions,
  type Signature,
} from '@crossdock/core'
import { attachmentTag } from '../signatures/attachment-tag.ts'
import { readAttachments } from '../signatures/attachments.ts'
import { distinctSignatures } from '../signatures/distinct-signatures.ts'
import type { SignatureBlobReader } from '../signatures/read-layers.ts'
import { isSignatureArtifactType, readSignatureArtifact } from '../signatures/signature-artifact.ts'
import type { ManifestReader } from '../walk/documents.ts'
import { descriptorNamed, type LayoutIndex, usableDescriptors } from './layout-index.ts'
import { listedReferrers } from './layout-referrers.ts'

/** What a layout lists, and how what it holds is read. */
export interface LayoutContent {
  readonly index: LayoutIndex
  readonly read: ManifestReader
  /** Reads a blob whole and verifies it. */
  readonly readBlob: SignatureBlobReader
}

/** More artifacts with signatures over one manifest than this are refused. */
const MAX_ARTIFACTS = 128

/** Artifacts that are looked into for their `subject`; in a larger layout the list of referrers has to tell. */
const MAX_LOOKED_INTO = 1000

/**
 * The signatures of a manifest in a layout: simple ones and bundles in artifacts that name it as their subject, then those under the name that is cosign's
 * tag. Throws `INVALID_DATA` for what is listed and not there, `LIMIT_EXCEEDED`, `DIGEST_MISMATCH`.
 */
export async function findSignatures(
  layout: LayoutContent,
  subject: Digest,
  options: OperationOptions = {},
): Promise<readonly Signature[]> {
  const { index, readBlob } = layout
  const found: Signature[] = []
  let artifacts = 0
  for (const artifact of await signatureArtifacts(layout, subject)) {
    options.signal?.throwIfAborted()
    const manifest = await readListed(layout, artifact, options)
    const signatures = await readSignatureArtifact(manifest, subject, readBlob)
    if (signatures.length > 0) artifacts += 1
    if (artifacts > MAX_ARTIFACTS) throw tooMany(layout, subject)
    found.push(...signatures)
  }
  const attached = descriptorNamed(index, attachmentTag(subject, 'sig'))
  if (attached !== undefined)
    found.push(...(await readAttachments(await readListed(layout, attached, options), readBlob)))
  return distinctSignatures(found)
}

/** By what is said of them: those that the list of referrers has, and those that others put into `index.json` itself. */
async function signatureArtifacts({ index, read }: LayoutContent, subject: Digest): Promise<readonly Descriptor[]> {
  const listed = [...(await listedReferrers(index, read, subject)), ...usableDescriptors(index)]
  const artifacts = listed.filter(({ artifactType }) => isSignatureArtifactType(artifactType ?? ''))
  return [...new Map(artifacts.map((artifact) => [artifact.digest, artifact])).values()].slice(0, MAX_LOOKED_INTO)
}

function tooMany({ index }: LayoutContent, subject: Digest): ImageError {
  return new ImageError(
    'LIMIT_EXCEEDED',
    `${index.what}: more than ${MAX_ARTIFACTS} artifacts hold signatures of ${subject}`,
  )
}

async function readListed(
  { index, read }: LayoutContent,
  descriptor: Descriptor,
  options: OperationOptions,
): Promise<ManifestBytes> {
  try {
    return await read(descriptor, options)
  } catch (cause) {
    if (!(cause instanceof ImageError) || cause.code !== 'NOT_FOUND') throw cause
    throw new ImageError('INVALID_DATA', `${index.what} lists signatures that are not there: ${cause.message}`, {
      cause,
    })
  }
}
