import { ImageError, quoteForeign } from '@crossdock/core'
import { type Labels, withEntry } from '../labels.ts'

const LABEL = 'labels.'

/** What an update makes of the labels that there are. Throws `INVALID_DATA` for a path that is none. */
export function labelChange(labels: Labels, paths: readonly string[] = ['labels']): (old: Labels) => Labels {
  for (const path of paths) {
    if (path === 'labels' || (path.startsWith(LABEL) && path !== LABEL)) continue
    throw new ImageError(
      'INVALID_DATA',
      `"${quoteForeign(path, 100)}" of a blob cannot be changed, only labels and labels.KEY`,
    )
  }
  return (old) => paths.reduce((all, path) => changeAt(path, all, labels), old)
}

function changeAt(path: string, old: Labels, labels: Labels): Labels {
  if (path === 'labels') return labels
  const key = path.slice(LABEL.length)
  return withEntry(old, key, Object.hasOwn(labels, key) ? labels[key] : undefined)
}
