import type { Descriptor } from '@crossdock/core'
import {
  checkImage,
  childrenOf,
  type DocumentReader,
  formatPlatform,
  isAttachedName,
  isAttestation,
  type Manifest,
} from '@crossdock/formats'
import { createLimiter } from '@crossdock/streams'
import type { ImageRecord, Labels, Store } from '@crossdock/store'
import type { Operation } from '../invocation.ts'
import { storedDocuments } from './stored-documents.ts'

/** What `store ls` tells of a name. */
export interface ListedImage {
  readonly Name: string
  readonly Digest: string
  readonly MediaType: string
  readonly Labels: Labels
  readonly Annotations?: Labels | undefined
  /** ISO 8601. */
  readonly Created: string
  readonly Updated: string
  /** Those whose image is there. Absent, as what follows, if nobody looked. */
  readonly Platforms?: readonly string[] | undefined
  /** Bytes of all that it reaches and that is there, each blob once. */
  readonly Size?: number | undefined
  /** Whether nothing of it is missing. */
  readonly Complete?: boolean | undefined
}

export interface ListImagesOptions {
  readonly filters: readonly string[]
  /** Whether names of what is attached to images are listed without a filter, too. */
  readonly all: boolean
  /** Whether to look at what is there. */
  readonly sized: boolean
  readonly operation: Operation
}

const PARALLEL_IMAGES = 8

/** Ordered by name. Throws `INVALID_DATA` for a filter that is none. */
export async function listImages(store: Store, options: ListImagesOptions): Promise<readonly ListedImage[]> {
  const { filters, all, sized, operation } = options
  const named = await store.images.list(filters, operation)
  const images = all || filters.length > 0 ? named : named.filter(({ name }) => !isAttachedName(name))
  if (!sized) return images.map((image) => listed(image))
  const limiter = createLimiter(PARALLEL_IMAGES)
  const has = await presence(store, { images: images.length, operation })
  const looks = new Map<string, Promise<Content>>()
  const look = ({ target }: ImageRecord): Promise<Content> => {
    const found = looks.get(target.digest) ?? limiter.run(() => contentOf(store, target, { has, operation }))
    looks.set(target.digest, found)
    return found
  }
  return await Promise.all(images.map(async (image) => ({ ...listed(image), ...(await look(image)) })))
}

function listed({ name, target, labels, createdAt, updatedAt }: ImageRecord): ListedImage {
  return {
    Name: name,
    Digest: target.digest,
    MediaType: target.mediaType,
    Labels: labels,
    Annotations: target.annotations,
    Created: createdAt.toISOString(),
    Updated: updatedAt.toISOString(),
  }
}

type Has = (blob: Descriptor) => Promise<boolean>

interface LookOptions {
  readonly has: Has
  readonly operation: Operation
}

/** Of many images it is quicker to list all blobs once than to ask for each of theirs. */
const MANY_IMAGES = 200

async function presence(
  { content }: Store,
  { images, operation }: { readonly images: number; readonly operation: Operation },
): Promise<Has> {
  if (images < MANY_IMAGES) return ({ digest }) => content.has(digest, operation)
  const known = new Set<string>()
  for await (const { digest } of content.list([], operation)) known.add(digest)
  return async ({ digest }) => known.has(digest)
}

type Content = Pick<ListedImage, 'Platforms' | 'Size' | 'Complete'>

async function contentOf(store: Store, root: Descriptor, { has, operation }: LookOptions): Promise<Content> {
  const documents = new Map<string, Manifest>()
  const reader = storedDocuments(store)
  const read: DocumentReader = async (descriptor, options) => {
    const document = await reader(descriptor, options)
    if (document !== undefined) documents.set(descriptor.digest, document)
    return document
  }
  const { present, missing } = await checkImage(root, { read, has, signal: operation.signal })
  const top = documents.get(root.digest)
  return {
    Platforms: top?.kind === 'index' ? platformsOf(childrenOf(top), documents) : [],
    Size: present.reduce((total, { size }) => total + size, 0),
    Complete: missing.length === 0,
  }
}

function platformsOf(children: readonly Descriptor[], documents: ReadonlyMap<string, Manifest>): readonly string[] {
  return children.flatMap((child) =>
    child.platform === undefined || isAttestation(child) || !documents.has(child.digest)
      ? []
      : [formatPlatform(child.platform)],
  )
}
