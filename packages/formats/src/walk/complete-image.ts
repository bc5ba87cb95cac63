import { type Descriptor, ImageError } from '@crossdock/core'
import { checkImage, type CheckImageOptions } from './check-image.ts'
import { type DocumentReader, documentReader, type ManifestReader } from './documents.ts'

export interface CompleteImageOptions extends Pick<CheckImageOptions, 'has' | 'signal'> {
  readonly read: ManifestReader
  /** Whether the list of what refers to `subject` names the image. */
  readonly isListed: (subject: Descriptor) => Promise<boolean>
}

/**
 * All that an image reaches, itself included; undefined unless all of it is there and undamaged and, where the image refers to another one, it
 * is listed there. Throws what fails for other reasons.
 */
export async function completeImage(
  image: Descriptor,
  { read, has, isListed, signal }: CompleteImageOptions,
): Promise<readonly Descriptor[] | undefined> {
  let subject: Descriptor | undefined
  const readAny = documentReader(read)
  const readNoting: DocumentReader = async (descriptor, options) => {
    const document = await readAny(descriptor, options)
    // Referrers inside the image are found through it.
    if (descriptor.digest === image.digest) subject = document?.subject
    return document
  }
  try {
    const { missing, present } = await checkImage(image, { read: readNoting, has, untilMissing: true, signal })
    const isWhole = missing.length === 0 && (subject === undefined || (await isListed(subject)))
    return isWhole ? present : undefined
  } catch (reason) {
    // Damaged content has to be written again.
    if (reason instanceof ImageError && ['DIGEST_MISMATCH', 'INVALID_DATA'].includes(reason.code)) return undefined
    throw reason
  }
}
