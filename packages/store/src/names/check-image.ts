import { ImageError, quoteForeign } from '@crossdock/core'
import { checkDescriptor } from '@crossdock/formats'
import type { NewImageRecord } from '../image-names.ts'
import { checkLabels } from '../labels.ts'

const MAX_NAME_CHARACTERS = 4096

/** Any text may be a name. Throws `INVALID_DATA` for none, for one of more than 4096 characters, and for what is not text. */
export function checkImageName(name: string): string {
  if (name === '') throw new ImageError('INVALID_DATA', 'an image needs a name; the empty text is none')
  if (name.length > MAX_NAME_CHARACTERS)
    throw new ImageError(
      'INVALID_DATA',
      `the image name "${quoteForeign(name, 60)}" has more than ${MAX_NAME_CHARACTERS} characters`,
    )
  if (name.isWellFormed() && !name.includes('\0')) return name
  throw new ImageError('INVALID_DATA', `the image name "${quoteForeign(name, 100)}" is not well-formed text`)
}

/** The record as it is stored: all that is known of the target, and labels that have a value. Throws `INVALID_DATA`. */
export function checkImage<Image extends NewImageRecord>(image: Image): Image {
  const name = checkImageName(image.name)
  const where = `the target of "${quoteForeign(name, 100)}"`
  const target = checkDescriptor(image.target, where)
  if (target.size === 0) throw new ImageError('INVALID_DATA', `${where} has no bytes, which no manifest has`)
  return { ...image, name, target, ...(image.labels !== undefined && { labels: checkLabels(image.labels) }) }
}
