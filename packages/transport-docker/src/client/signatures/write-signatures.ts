import {
  type Descriptor,
  type Digest,
  ImageError,
  type OperationOptions,
  repositoryName,
  type Signature,
  type SignatureFormat,
  type SigstoreSignature,
  type SimpleSignature,
} from '@crossdock/core'
import { isBundleType } from '@crossdock/formats'
import type { BlobWriter } from '../blob-writer.ts'
import { headManifest } from '../manifest-head.ts'
import { readManifest } from '../manifest-read.ts'
import type { Repository } from '../repository.ts'
import { writeBundles } from './artifacts.ts'
import { addTagged } from './attachments.ts'
import { addToExtension } from './extension.ts'

/** Where the signatures of one image may go. */
export interface SignaturePlaces {
  readonly repository: Repository
  readonly blobs: BlobWriter
  /** Whether sigstore signatures go beside the image. */
  readonly attachments: boolean
}

/** The formats that there is a place for now: an answer of the registry may tell of one more. */
export function keptFormats({ repository, attachments }: SignaturePlaces): readonly SignatureFormat[] {
  const { signatureStorage } = repository.session.options
  const keepsSimple = signatureStorage?.write !== undefined || repository.lore.signatureExtension
  return [...(keepsSimple ? (['simple'] as const) : []), ...(attachments ? (['sigstore'] as const) : [])]
}

export interface SignedManifest {
  readonly digest: Digest
  /** If it was written here. */
  readonly descriptor: Descriptor | undefined
  /** Makes it readable by its digest; what keeps signatures beside it may want that. */
  readonly publish: () => Promise<void>
}

/**
 * Simple signatures go beside the image if the registry keeps them, else to the storage, in place of those that are there. Sigstore signatures
 * are added to those beside the image. Throws `UNSUPPORTED` for those that have no place, before anything is written.
 */
export async function writeSignatures(
  places: SignaturePlaces,
  signed: SignedManifest,
  { signatures, operation }: { readonly signatures: readonly Signature[]; readonly operation: OperationOptions },
): Promise<void> {
  const simple = signatures.filter((signature) => signature.format === 'simple')
  const sigstore = signatures.filter((signature) => signature.format === 'sigstore')
  const kept = keptFormats(places)
  for (const { format } of signatures) if (!kept.includes(format)) throw noPlace(places.repository, format)
  if (simple.length > 0) await writeSimple(places, signed, { simple, operation })
  if (sigstore.length > 0) await writeSigstore(places, signed, { sigstore, operation })
}

function noPlace({ reference, side }: Repository, format: SignatureFormat): ImageError {
  const what = format === 'simple' ? 'simple (OpenPGP)' : 'sigstore'
  const advice =
    format === 'simple'
      ? 'name a folder for them as lookaside or lookaside-staging in registries.d'
      : 'set use-sigstore-attachments: true for it in registries.d'
  const name = repositoryName(reference)
  return new ImageError(
    'UNSUPPORTED',
    `docker://${name}: there is no place for ${what} signatures: ${advice}, or leave signatures behind`,
    { side },
  )
}

interface WriteSimple {
  readonly simple: readonly SimpleSignature[]
  readonly operation: OperationOptions
}

async function writeSimple(
  { repository }: SignaturePlaces,
  { digest, publish }: SignedManifest,
  { simple, operation }: WriteSimple,
): Promise<void> {
  if (repository.lore.signatureExtension) {
    await publish()
    await addToExtension(repository, digest, { signatures: simple, operation })
    return
  }
  await repository.session.options.signatureStorage?.write?.(repository.reference, digest, simple, operation)
}

interface WriteSigstore {
  readonly sigstore: readonly SigstoreSignature[]
  readonly operation: OperationOptions
}

async function writeSigstore(
  { repository, blobs }: SignaturePlaces,
  { digest, descriptor }: SignedManifest,
  { sigstore, operation }: WriteSigstore,
): Promise<void> {
  const bundles = sigstore.filter(({ mediaType }) => isBundleType(mediaType))
  const signatures = sigstore.filter(({ mediaType }) => !isBundleType(mediaType))
  if (signatures.length > 0) await addTagged(repository, digest, { signatures, blobs, operation })
  if (bundles.length === 0) return
  const subject = descriptor ?? (await describe(repository, digest, operation))
  await writeBundles(repository, subject, { bundles, blobs, operation })
}

async function describe(repository: Repository, digest: Digest, operation: OperationOptions): Promise<Descriptor> {
  const head = await headManifest(repository, digest, operation)
  if (typeof head === 'object' && head.size !== undefined && head.mediaType !== '') {
    return { mediaType: head.mediaType, digest, size: head.size }
  }
  const { mediaType, bytes } = await readManifest(repository, digest, operation)
  return { mediaType, digest, size: bytes.byteLength }
}
