import { type AciManifest, type AppName, formatAciImageId } from '@crossdock/formats'
import type { Digest } from '@crossdock/core'
import type { Labels } from '@crossdock/store'

/** Labels by which the store finds App Container Images. */
export const ID_LABEL = 'io.appc.image.id'
export const NAME_LABEL = 'io.appc.image.name'
/** Of an image that was made of its own files alone, although it depends on others. */
const ALONE_LABEL = 'io.appc.image.alone'
const LABEL_PREFIX = 'io.appc.image.label.'

/** The most bytes that a label and its value may have in a store. */
const MAX_LABEL_BYTES = 4096

export interface LabelledImage {
  readonly manifest: AciManifest
  readonly id: Digest
  readonly alone: boolean
}

/** Labels without a value, and such as a store does not take, are left out: they are none of those by which people look. */
export function labelsOf({ manifest, id, alone }: LabelledImage): Labels {
  const labels = {
    [ID_LABEL]: formatAciImageId(id),
    [NAME_LABEL]: manifest.name,
    ...(alone && { [ALONE_LABEL]: 'true' }),
    ...Object.fromEntries(manifest.labels.map(({ name, value }) => [`${LABEL_PREFIX}${name}`, value])),
  }
  return Object.fromEntries(
    Object.entries(labels).filter(
      ([key, value]) => value !== '' && Buffer.byteLength(key) + Buffer.byteLength(value) <= MAX_LABEL_BYTES,
    ),
  )
}

/** Whether the labels are those of an image that has all that a name asks for. */
export function fits(labels: Labels, app: AppName): boolean {
  if (labels[NAME_LABEL] !== app.name) return false
  return [...app.labels].every(([name, value]) => labels[`${LABEL_PREFIX}${name}`] === value)
}

export function isAlone(labels: Labels): boolean {
  return labels[ALONE_LABEL] !== undefined
}

/** Whether it is one of those that say what a name stands for, and goes when it stands for something else. */
export function isImageLabel(key: string): boolean {
  return key.startsWith('io.appc.image.')
}
