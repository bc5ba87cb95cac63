import {
  ImageError,
  type ImageErrorCode,
  type ManifestBytes,
  type Signature,
  type SignatureFormat,
  type UnparsedImage,
} from '@crossdock/core'
import type { ResolvedJudgeOptions } from './options.ts'
import type { Verifiers } from './verifiers.ts'

/** What is judged, and all that judging it takes. */
export interface Subject {
  readonly image: UnparsedImage
  readonly options: ResolvedJudgeOptions
  readonly verifiers: Verifiers
}

/** A signature with its place among all those of the image, from 1. */
export interface NumberedSignature<Format extends SignatureFormat> {
  readonly number: number
  readonly signature: Extract<Signature, { readonly format: Format }>
}

/** No image has more signatures of a kind in good faith; each one costs time. */
export const MAX_SIGNATURES = 128

export function readManifest({ image, options }: Subject): Promise<ManifestBytes> {
  return image.manifest(options.operation)
}

/**
 * The image's signatures of one format, and how many there are of the others. What hangs on an image and cannot be read as signatures is
 * told as a problem, that they could not be fetched is thrown.
 */
export async function signaturesOf<Format extends SignatureFormat>(
  subject: Subject,
  format: Format,
): Promise<{
  readonly signatures: readonly NumberedSignature<Format>[]
  readonly others: number
  readonly problem?: string | undefined
}> {
  const { all, problem } = await readSignatures(subject)
  const signatures = all.flatMap((signature, index) =>
    hasFormat(signature, format) ? [{ number: index + 1, signature }] : [],
  )
  return { signatures, others: all.length - signatures.length, problem }
}

const UNREADABLE: ReadonlySet<ImageErrorCode> = new Set(['INVALID_DATA', 'LIMIT_EXCEEDED', 'UNSUPPORTED'])

async function readSignatures({
  image,
  options,
}: Subject): Promise<{ readonly all: readonly Signature[]; readonly problem?: string }> {
  try {
    return { all: await image.signatures(options.operation) }
  } catch (error) {
    if (!(error instanceof ImageError) || !UNREADABLE.has(error.code)) throw error
    return { all: [], problem: `its signatures cannot be read: ${error.message}` }
  }
}

function hasFormat<Format extends SignatureFormat>(
  signature: Signature,
  format: Format,
): signature is Extract<Signature, { readonly format: Format }> {
  return signature.format === format
}
