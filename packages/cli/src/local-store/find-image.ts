import { type Digest, ImageError, isDigest, quoteForeign } from '@crossdock/core'
import { type ImageRecord, namesInStore, type Store } from '@crossdock/store'
import type { Operation } from '../invocation.ts'

/**
 * The image that a typed name stands for: the name as it is, or what Docker users mean by it. With a digest behind it the name has to stand
 * for that; a digest alone means any image that is that. Throws `NOT_FOUND`, `INVALID_REFERENCE`.
 */
export async function findImage(store: Store, text: string, operation: Operation): Promise<ImageRecord> {
  const { names, digest } = namesInStore(text)
  for (const name of names) {
    const found = await unlessMissing(store.images.get(name, operation))
    if (found !== undefined && (digest === undefined || found.target.digest === digest)) return found
  }
  const [named] =
    digest === undefined || names.length > 0 ? [] : await store.images.list([`target.digest==${digest}`], operation)
  if (named !== undefined) return named
  const where = `the store ${quoteForeign(store.folder, 200)}`
  throw new ImageError(
    'NOT_FOUND',
    `${where} has no image "${quoteForeign(text, 200)}"; "crossdock store ls" lists them`,
  )
}

async function unlessMissing<Value>(found: Promise<Value>): Promise<Value | undefined> {
  try {
    return await found
  } catch (error) {
    if (error instanceof ImageError && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}

/** The digest of the manifest that a name stands for, or the digest itself if the store has a blob with it. Throws `NOT_FOUND`. */
export async function blobDigest(store: Store, text: string, operation: Operation): Promise<Digest> {
  if (!isDigest(text)) return (await findImage(store, text, operation)).target.digest
  return (await store.content.info(text, operation)).digest
}
