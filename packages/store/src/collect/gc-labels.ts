import { isDigest, type Digest } from '@crossdock/core'
import type { Labels } from '../labels.ts'

/*
 * What labels say to the collection of garbage (containerd, docs/garbage-collection.md). References are `KIND`, `KIND.anything` or, of
 * content, `KIND/anything`.
 */

/** What labels that matter to the collection have in common. */
export const GC_LABELS = 'containerd.io/gc.'

const ROOT = 'containerd.io/gc.root'
const REFERENCE = /^containerd\.io\/gc\.(ref|bref)\.(content|image)(?:[./]|$)/

/** What the labels of one object refer to. */
export interface LabelReferences {
  /** Kept for its own sake. */
  readonly isRoot: boolean
  /** What the object keeps. */
  readonly content: readonly Digest[]
  /** Names of the same namespace. */
  readonly images: readonly string[]
  /** By what the object is kept. */
  readonly keptByContent: readonly Digest[]
  readonly keptByImages: readonly string[]
}

export function labelReferences(labels: Labels): LabelReferences {
  const found = {
    content: [] as Digest[],
    images: [] as string[],
    keptByContent: [] as Digest[],
    keptByImages: [] as string[],
  }
  for (const [key, value] of Object.entries(labels)) {
    const [, direction, kind] = REFERENCE.exec(key) ?? []
    if (kind === 'content' && isDigest(value)) (direction === 'ref' ? found.content : found.keptByContent).push(value)
    if (kind === 'image') (direction === 'ref' ? found.images : found.keptByImages).push(value)
  }
  return { ...found, isRoot: Object.keys(labels).some((key) => key.startsWith(ROOT)) }
}
