import type { Digest } from '@crossdock/core'
import type { SubjectKey } from './attached-names.ts'
import type { LabelReferences } from './gc-labels.ts'
import type { ImageNode, Snapshot } from './snapshot.ts'

/** What is kept by something else than what it refers to. */
export type KeptNode = { readonly digest: Digest } | Pick<ImageNode, 'namespace' | 'name'>

/** An image that is attached to something, by its name. */
export interface AttachedImage extends ImageNode {
  readonly subject: SubjectKey
}

export interface Referring {
  readonly namespace: string
  readonly references: LabelReferences | undefined
}

/** A snapshot by what is looked for in it. */
export interface ReferenceGraph {
  readonly images: ReadonlyMap<string, ImageNode>
  readonly content: ReadonlyMap<Digest, readonly Referring[]>
  readonly keptByContent: ReadonlyMap<Digest, readonly KeptNode[]>
  readonly keptByImage: ReadonlyMap<string, readonly KeptNode[]>
  /** Images by what they are attached to, unless their time is over. */
  readonly attached: ReadonlyMap<SubjectKey, readonly AttachedImage[]>
}

export function createReferenceGraph(
  { images, content }: Pick<Snapshot, 'images' | 'content'> = { images: [], content: [] },
): ReferenceGraph {
  const keptByContent = new Map<Digest, KeptNode[]>()
  const keptByImage = new Map<string, KeptNode[]>()
  const attached = new Map<SubjectKey, AttachedImage[]>()
  const notRoots = images.filter(({ isExpired, subject }) => isExpired || subject !== undefined)
  for (const node of [...content, ...notRoots]) {
    for (const digest of node.references?.keptByContent ?? []) appendTo(keptByContent, digest, node)
    for (const name of node.references?.keptByImages ?? [])
      appendTo(keptByImage, imageKey({ namespace: node.namespace, name }), node)
  }
  for (const { subject, ...image } of images)
    if (subject !== undefined && !image.isExpired) appendTo(attached, subject, { ...image, subject })
  return {
    images: new Map(images.map((image) => [imageKey(image), image])),
    content: Map.groupBy(content, ({ digest }) => digest),
    keptByContent,
    keptByImage,
    attached,
  }
}

export function appendTo<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

export function imageKey({ namespace, name }: Pick<ImageNode, 'namespace' | 'name'>): string {
  return `${namespace}\0${name}`
}
