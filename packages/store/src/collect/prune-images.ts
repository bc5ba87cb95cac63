import { ImageError, type OperationOptions } from '@crossdock/core'
import type { StoreContext } from '../store-context.ts'
import type { ImageName, Pruned, PruneOptions } from '../store.ts'
import { collectGarbage } from './collect-garbage.ts'
import { imagesBeyond, imagesByUse, type UsedImage } from './least-used-images.ts'

/**
 * Removes the names of images that were not used for long, then of the least recently used ones until the rest fits, and collects garbage.
 * Throws `INVALID_DATA` if it is told neither an age nor a size.
 */
export async function pruneImages(context: StoreContext, options: PruneOptions): Promise<Pruned> {
  const { unusedForMs, maxBytes, dryRun = false, signal } = options
  if (unusedForMs === undefined && maxBytes === undefined)
    throw new ImageError('INVALID_DATA', 'nothing says which images are to go: give an age, a size, or both')
  const images = await imagesByUse(context, options)
  const oldest = context.clock.now() - (unusedForMs ?? Infinity)
  const old = images.filter(({ usedAt }) => usedAt <= oldest)
  const rest = images.filter(({ usedAt }) => usedAt > oldest)
  const beyond = maxBytes === undefined ? [] : await imagesBeyond(context, rest, { maxBytes, going: old, signal })
  const chosen = [...beyond, ...old].toReversed()
  const gone = dryRun ? chosen : await removeUnused(context, chosen, { signal })
  const names = new Set(gone.map(({ name }) => name))
  const isGone = ({ namespace, name }: ImageName): boolean => namespace === context.namespace && names.has(name)
  const collected = await collectGarbage(context, options, { isUnneeded: (image) => dryRun && isGone(image) })
  return { ...collected, images: collected.images.filter((image) => !isGone(image)), names: [...names] }
}

/** Removes the names that nobody has used or changed since they were chosen. */
async function removeUnused(
  { database, namespace, projection }: StoreContext,
  images: readonly UsedImage[],
  options: OperationOptions,
): Promise<readonly UsedImage[]> {
  if (images.length === 0) return []
  const removed = await database.write((sql) => {
    const unused = images.filter(({ name, usedAt }) => {
      const values = { namespace, name, usedAt }
      return (
        sql.run('DELETE FROM image WHERE namespace = $namespace AND name = $name AND used_at = $usedAt', values) > 0
      )
    })
    projection.note(
      sql,
      unused.map(({ name }) => name),
    )
    return unused
  }, options)
  await projection.publish(options)
  return removed
}
