import { type AciManifest, type AppName, formatAciImageId } from '@crossdock/formats'
import type { Digest } from '@crossdock/core'
import type { ImageRecord, Labels } from '@crossdock/store'

/** Labels by which the store finds App Container Images. */
export const ID_LABEL = 'io.appc.image.id'
export const NAME_LABEL = 'io.appc.image.name'
/** The manifest that was made of it. Labels stay with a name when others let it stand for something else: then they say nothing. */
const TARGET_LABEL = 'io.appc.image.target'
/** The artifact that keeps the archive, with the signature that came with it last. */
const ARTIFACT_LABEL = 'io.appc.image.artifact'
/** Of an image that was made of its own files alone, although it depends on others. */
const ALONE_LABEL = 'io.appc.image.alone'
const LABEL_PREFIX = 'io.appc.image.label.'
/** Of an image with a name that somebody gave it: the manifest, and what it is called where it came from. */
const FROM_LABEL = 'io.crossdock.image.from'

/** The most bytes that a label and its value may have in a store. */
const MAX_LABEL_BYTES = 4096

export interface LabelledImage {
  readonly manifest: AciManifest
  readonly id: Digest
  /** The OCI manifest that was made of it. */
  readonly target: Digest
  /** The manifest of the artifact that keeps the archive. */
  readonly artifact: Digest | undefined
  readonly alone: boolean
}

/** Labels without a value, and such as a store does not take, are left out: they are none of those by which people look. */
export function labelsOf({ manifest, id, target, artifact, alone }: LabelledImage): Labels {
  const labels = {
    [ID_LABEL]: formatAciImageId(id),
    [NAME_LABEL]: manifest.name,
    [TARGET_LABEL]: target,
    ...(artifact !== undefined && { [ARTIFACT_LABEL]: artifact }),
    ...(alone && manifest.dependencies.length > 0 && { [ALONE_LABEL]: 'true' }),
    ...Object.fromEntries(manifest.labels.map(({ name, value }) => [`${LABEL_PREFIX}${name}`, value])),
  }
  return Object.fromEntries(
    Object.entries(labels).filter(
      ([key, value]) =>
        value !== '' && value.isWellFormed() && Buffer.byteLength(key) + Buffer.byteLength(value) <= MAX_LABEL_BYTES,
    ),
  )
}

/** What tells where an image came from that is called otherwise. */
export function fromLabel(target: Digest, from: string): Labels {
  const value = `${target} ${from}`
  return Buffer.byteLength(FROM_LABEL) + Buffer.byteLength(value) > MAX_LABEL_BYTES ? {} : { [FROM_LABEL]: value }
}

export function isFrom({ labels, target }: Labelled, from: string): boolean {
  return labels[FROM_LABEL] === `${target.digest} ${from}`
}

type Labelled = Pick<ImageRecord, 'labels' | 'target'>

/** Whether it is an image that has all that a name asks for. */
export function fits(record: Labelled, app: AppName): boolean {
  if (nameOf(record) !== app.name) return false
  return [...app.labels].every(([name, value]) => labelOf(record, name) === value)
}

/** What an App Container Image is called; undefined for another one. */
export function nameOf(record: Labelled): string | undefined {
  return valid(record)[NAME_LABEL]
}

/** Undefined for what is no App Container Image. */
export function imageIdOf(record: Labelled): string | undefined {
  return valid(record)[ID_LABEL]
}

/** The value of a label of the image. */
export function labelOf(record: Labelled, name: string): string | undefined {
  return valid(record)[`${LABEL_PREFIX}${name}`]
}

export function artifactOf(record: Labelled): string | undefined {
  return valid(record)[ARTIFACT_LABEL]
}

export function isAlone(record: Labelled): boolean {
  return valid(record)[ALONE_LABEL] !== undefined
}

function valid({ labels, target }: Labelled): Labels {
  return labels[TARGET_LABEL] === target.digest ? labels : {}
}

/** Whether it is one of those that say what a name stands for, and goes when it stands for something else. */
export function isImageLabel(key: string): boolean {
  return key.startsWith('io.appc.image.') || key === FROM_LABEL
}
