import { ImageError, quoteForeign, type Descriptor } from '@crossdock/core'
import type { ImageRecord, NewImageRecord } from '../image-names.ts'
import { type Labels, withEntry } from '../labels.ts'

type Changed = Pick<ImageRecord, 'target' | 'labels'>

/**
 * Target and labels after an update: what the paths name is taken from `image`, in their order, all else stays. Without paths all is taken.
 * Throws `INVALID_DATA` for another path.
 */
export function applyFieldPaths(stored: Changed, image: NewImageRecord, paths: readonly string[]): Changed {
  const { target, labels = {} } = image
  if (paths.length === 0) return { target, labels }
  return paths.reduce((changed, path) => applyPath(changed, { target, labels }, path), stored)
}

function applyPath(changed: Changed, image: Changed, path: string): Changed {
  if (path === 'labels') return { ...changed, labels: image.labels }
  if (path === 'target') return { ...changed, target: image.target }
  if (path === 'annotations') return { ...changed, target: annotated(changed.target, image.target.annotations) }
  const [, table, key = ''] = /^(labels|annotations)\.(.*)$/s.exec(path) ?? []
  if (table === 'labels') return { ...changed, labels: withEntry(changed.labels, key, valueOf(image.labels, key)) }
  if (table === 'annotations') {
    const annotations = withEntry(changed.target.annotations ?? {}, key, valueOf(image.target.annotations ?? {}, key))
    return { ...changed, target: annotated(changed.target, annotations) }
  }
  throw new ImageError(
    'INVALID_DATA',
    `"${quoteForeign(path, 100)}" of an image cannot be updated: labels, labels.KEY, target, annotations and annotations.KEY can`,
  )
}

function valueOf(table: Labels, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}

function annotated({ annotations: _, ...target }: Descriptor, annotations: Labels | undefined): Descriptor {
  return annotations === undefined || Object.keys(annotations).length === 0 ? target : { ...target, annotations }
}
