import { type Digest, ImageError, type OperationOptions, quoteForeign } from '@crossdock/core'
import { type AppName, hostPlatform, labelChoices } from '@crossdock/formats'
import type { ImageRecord, Store } from '@crossdock/store'
import { fits, ID_LABEL, imageIdOf, isAlone, labelOf, NAME_LABEL } from './record-labels.ts'

/** The record of the first of the names that is there. */
export async function firstNamed(
  store: Pick<Store, 'images'>,
  names: readonly string[],
  operation: OperationOptions,
): Promise<ImageRecord | undefined> {
  for (const each of names) {
    const record = await recordNamed(store, each, operation)
    if (record !== undefined) return record
  }
  return undefined
}

async function recordNamed(
  { images }: Pick<Store, 'images'>,
  name: string,
  { signal }: OperationOptions,
): Promise<ImageRecord | undefined> {
  try {
    return await images.get(name, { signal })
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
    throw reason
  }
}

/** The names that stand for a manifest. */
export async function withDigest(
  { images }: Pick<Store, 'images'>,
  digest: Digest,
  { signal }: OperationOptions,
): Promise<readonly ImageRecord[]> {
  return await images.list([`target.digest==${digest}`], { signal })
}

export interface FindAppOptions extends OperationOptions {
  /** The one that is taken if several fit. */
  readonly name?: string | undefined
  /** Whether one that was made of its own files alone will not do. Default: false. */
  readonly whole?: boolean | undefined
}

/**
 * An App Container Image by name and labels, whatever it is called in the store: one for this machine's platform before one that says none; of those the one
 * with that very name, else the one that was stored last.
 */
export async function findApp(
  { images }: Pick<Store, 'images'>,
  app: AppName,
  { name, whole = false, signal }: FindAppOptions = {},
): Promise<ImageRecord | undefined> {
  const records = await images.list([`labels.${JSON.stringify(NAME_LABEL)}==${JSON.stringify(app.name)}`], { signal })
  const latest = records.toSorted((one, other) => other.updatedAt.getTime() - one.updatedAt.getTime())
  const choices = labelChoices(app, hostPlatform())
  for (const choice of choices) {
    const fitting = latest.filter(
      (record) =>
        fits(record, choice) && (choices.length === 1 || saysNoOther(record, choice)) && !(whole && isAlone(record)),
    )
    const found = fitting.find((record) => record.name === name) ?? fitting[0]
    if (found !== undefined) return found
  }
  return undefined
}

/** One for another platform than this machine's has the label that a choice leaves open. */
function saysNoOther(record: ImageRecord, { labels }: AppName): boolean {
  return ['os', 'arch'].every((label) => labels.has(label) || labelOf(record, label) === undefined)
}

/** The image of an ID, or of the beginning of one, that has the name and labels. */
export async function findImageOf(
  store: Pick<Store, 'images'>,
  { imageId, app }: { readonly imageId: string; readonly app: AppName },
  options: OperationOptions,
): Promise<ImageRecord | undefined> {
  return (await imagesWithId(store, imageId, options)).find((record) => fits(record, app))
}

/** The prefix may be anything: no pattern is made of it. */
async function imagesWithId(
  { images }: Pick<Store, 'images'>,
  prefix: string,
  { signal }: OperationOptions,
): Promise<readonly ImageRecord[]> {
  const records = await images.list([`labels.${JSON.stringify(ID_LABEL)}`], { signal })
  return records.filter((record) => imageIdOf(record)?.startsWith(prefix))
}

/** The image whose ID begins so, whole rather than of its own files alone. Throws `NOT_FOUND`, `CONFLICT` if several do. */
export async function findId(
  store: Pick<Store, 'images'>,
  prefix: string,
  options: OperationOptions = {},
): Promise<ImageRecord> {
  const records = await imagesWithId(store, prefix, options)
  const ids = new Set(records.map(imageIdOf))
  const record = records.find((each) => !isAlone(each)) ?? records[0]
  const shown = quoteForeign(prefix, 150)
  if (record === undefined) throw new ImageError('NOT_FOUND', `the store has no image whose ID begins with ${shown}`)
  if (ids.size === 1) return record
  throw new ImageError('CONFLICT', `the IDs of ${ids.size} images in the store begin with ${shown}; give more of it`)
}
