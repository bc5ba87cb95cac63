import {
  type AciSource,
  createAciSource,
  openAci,
  type PublishedArchive,
  type RandomAccess,
  type ResolvedReadOptions,
} from '@crossdock/archive'
import {
  type Descriptor,
  ImageError,
  type ImageReference,
  type ImageSource,
  type OperationOptions,
} from '@crossdock/core'
import { ACI_ARTIFACT, aciPartsOf, formatAciImageId, MAX_SIGNATURE_BYTES, parseManifest } from '@crossdock/formats'
import type { ImageRecord, Store } from '@crossdock/store'
import { readVerified } from '@crossdock/streams'
import type { FinderContext } from './finder.ts'
import { artifactOf, imageIdOf, nameOf } from './record-labels.ts'

/** The App Container archive that an image in the store was made of, as it was published. */
export interface StoredArchive {
  readonly archive: Descriptor
  /** Its detached signature, if there was one. */
  readonly signature: Uint8Array | undefined
}

/** Undefined if none was kept with it. `source` is of the image. */
export async function storedArchive(
  source: ImageSource,
  record: Pick<ImageRecord, 'labels' | 'target'>,
  operation: OperationOptions = {},
): Promise<StoredArchive | undefined> {
  const kept = artifactOf(record)
  for await (const { digest, artifactType } of source.referrers?.(record.target.digest, operation) ?? []) {
    if (artifactType !== ACI_ARTIFACT || digest !== kept) continue
    const parts = aciPartsOf(parseManifest(await source.getManifest(digest, operation)))
    if (parts === undefined) continue
    return { archive: parts.archive, signature: await signatureIn(source, parts.signature, operation) }
  }
  return undefined
}

async function signatureIn(
  source: ImageSource,
  signature: Descriptor | undefined,
  { signal }: OperationOptions,
): Promise<Uint8Array | undefined> {
  if (signature === undefined) return undefined
  await using body = await source.getBlob(signature, { signal })
  return await readVerified(body, signature, { limitBytes: MAX_SIGNATURE_BYTES, what: 'the signature of an archive' })
}

/** What a signature of it is for. */
export function publishedBy(
  source: ImageSource,
  { archive }: StoredArchive,
  record: Pick<ImageRecord, 'labels' | 'target'>,
): PublishedArchive {
  return {
    name: nameOf(record) ?? '',
    async *open({ signal } = {}) {
      await using body = await source.getBlob(archive, { signal })
      yield* body
    },
  }
}

export interface StoredSourceOptions extends OperationOptions {
  /** What the image is called where it is asked for. */
  readonly reference: ImageReference
  readonly record: ImageRecord
  readonly reading: ResolvedReadOptions
}

/** The image as its archive is read. Throws `DIGEST_MISMATCH` for an archive that was changed in the store. */
export async function openStoredArchive(
  { store }: Pick<FinderContext, 'store'>,
  { archive, signature }: StoredArchive,
  { reference, record, reading, ...operation }: StoredSourceOptions,
): Promise<AciSource> {
  const file = await blobAccess(store, archive, operation)
  const aci = await openAci(file, { ...reading, signal: operation.signal })
  const id = formatAciImageId(aci.id)
  if (imageIdOf(record) === id) return createAciSource(aci, { reference, signature })
  await aci[Symbol.asyncDispose]()
  const message = `${file.name} of ${record.name} was changed: it is now ${id}; fetch the image again`
  throw new ImageError('DIGEST_MISMATCH', message)
}

async function blobAccess(
  { content }: Pick<Store, 'content'>,
  { digest }: Descriptor,
  operation: OperationOptions,
): Promise<RandomAccess> {
  const handle = await content.open(digest, operation)
  return {
    name: `the archive ${digest} in the store`,
    size: handle.size,
    read: (room, position) => handle.readAt(room, position),
    [Symbol.asyncDispose]: () => handle[Symbol.asyncDispose](),
  }
}
