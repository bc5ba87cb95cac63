import {
  type ArchiveFile,
  blobPath,
  INDEX_FILE,
  MARKER_FILE,
  type MemberWriter,
  ociArchiveNames,
  type SmallMember,
  type TarHeaderInput,
} from '@crossdock/archive'
import {
  type BlobBody,
  type BlobHint,
  bytesBody,
  checkManifest,
  type Descriptor,
  type Digest,
  digestOf,
  ImageError,
  type ImageDestination,
  type ManifestBytes,
  type OperationOptions,
  type PutManifestOptions,
} from '@crossdock/core'
import {
  childrenOf,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  emptyLayoutIndex,
  formatReferrers,
  isAttachedName,
  LAYOUT_MARKER,
  type LayoutEntry,
  layoutEntry,
  OCI_INDEX,
  OCI_MANIFEST,
  parseManifest,
  type Referrer,
  referrerOf,
  referrersTag,
  serializeLayoutIndex,
  signatureDocuments,
  walk,
  withLayoutEntries,
} from '@crossdock/formats'
import type { Replaced } from '../check-replaced.ts'
import { openWriter } from '../open-writer.ts'
import type { OpenOptions } from './open-options.ts'
import { describe, type SignedManifest, writeSignatures } from './signatures.ts'

/** Best first. Docker's are kept as they are: the bytes of a manifest do not change on the way. */
const MANIFEST_TYPES: readonly string[] = Object.freeze([
  OCI_MANIFEST,
  OCI_INDEX,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
])

/** What one open destination has been given. */
interface Session extends OpenOptions {
  readonly writer: MemberWriter
  /** What the name will stand for. */
  top: Descriptor | undefined
  /** What each index that was put lists. */
  readonly children: Map<Digest, readonly Descriptor[]>
  readonly referrers: Map<Digest, Referrer>
  /** Every manifest that was put. */
  readonly put: Map<Digest, Descriptor>
  /** Manifests that were put under further names, by those names. */
  readonly tags: Map<string, ManifestBytes>
  /** By the digest of what was signed. */
  readonly signatures: Map<Digest, SignedManifest>
}

/**
 * Opens a file for writing; an archive of the same image that is there is replaced by `commit`, and nothing is created before the first write.
 * Standard output gets the archive as it is made. Throws `CONFLICT` if something else is there, `NOT_FOUND` if its folder is not.
 */
export async function openDestination(
  opened: OpenOptions,
  operation: OperationOptions = {},
): Promise<ImageDestination> {
  operation.signal?.throwIfAborted()
  const { reference, streams, selection } = opened
  const replaced: Replaced = {
    what: 'an OCI archive',
    kinds: ['oci', 'docker-and-oci'],
    namesIn: imageNames,
    name: selection.name,
  }
  const writer = await openWriter({ ...opened, memberOf, replaced, signal: operation.signal }, streams)
  operation.signal?.throwIfAborted()
  const session = createSession(opened, writer)
  return Object.freeze<ImageDestination>({
    reference,
    traits: Object.freeze({
      manifestTypes: MANIFEST_TYPES,
      signatures: Object.freeze(['simple', 'sigstore'] as const),
      parallelBlobs: 1,
    }),
    putBlob: (body, blob, putOptions) => putBlob(session, { body, blob, signal: putOptions?.signal }),
    async reuseBlob(blob, reuseOptions) {
      reuseOptions?.signal?.throwIfAborted()
      return writer.stored.get(blob.digest)?.size === blob.size ? { blob } : undefined
    },
    putManifest: (manifest, putOptions) => putManifest(session, manifest, putOptions),
    async putSignatures(signatures, instance, putOptions) {
      putOptions?.signal?.throwIfAborted()
      const signed = instance === undefined ? session.top : session.put.get(instance)
      if (signed === undefined) {
        throw new ImageError('INVALID_DATA', 'what is signed was not put: put its manifest before its signatures')
      }
      signatureDocuments(signatures, signed) // what cannot be kept is refused here
      session.signatures.set(signed.digest, { signed, signatures })
    },
    async commit(commitOptions) {
      commitOptions?.signal?.throwIfAborted()
      await commit(session)
    },
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  })
}

/** What is attached to an image is replaced with it. */
async function imageNames(archive: ArchiveFile, signal: AbortSignal | undefined): Promise<readonly string[]> {
  return (await ociArchiveNames(archive, signal)).filter((name) => !isAttachedName(name))
}

function createSession(opened: OpenOptions, writer: MemberWriter): Session {
  return {
    ...opened,
    writer,
    top: undefined,
    children: new Map(),
    referrers: new Map(),
    put: new Map(),
    tags: new Map(),
    signatures: new Map(),
  }
}

function memberOf(digest: Digest): TarHeaderInput {
  return { path: blobPath(digest) }
}

interface PutBlob {
  readonly body: BlobBody
  readonly blob: BlobHint
  readonly signal: AbortSignal | undefined
}

async function putBlob({ writer }: Session, { body, blob, signal }: PutBlob): Promise<Descriptor> {
  signal?.throwIfAborted()
  const { digest, size } = await writer.putBlob(body, blob, signal)
  const { mediaType = 'application/octet-stream', annotations } = blob
  return { mediaType, digest, size, ...(annotations !== undefined && { annotations }) }
}

async function putManifest(session: Session, manifest: ManifestBytes, options: PutManifestOptions = {}): Promise<void> {
  const { instance, tag, signal } = options
  signal?.throwIfAborted()
  const { bytes, mediaType } = manifest
  const digest = instance ?? session.selection.digest ?? manifest.digest
  checkManifest(manifest, { types: MANIFEST_TYPES, digest, what: 'an OCI archive' })
  const parsed = parseManifest({ bytes, mediaType, digest })
  const descriptor = { mediaType, digest, size: bytes.byteLength }
  await session.writer.putBlob(bytesBody(bytes), descriptor, signal)
  const referrer = referrerOf({ bytes, mediaType, digest })
  if (referrer !== undefined) session.referrers.set(digest, referrer)
  session.children.set(digest, childrenOf(parsed))
  session.put.set(digest, descriptor)
  if (instance === undefined) session.top = descriptor
  else if (tag !== undefined) session.tags.set(tag, { bytes, mediaType, digest })
}

async function commit(session: Session): Promise<void> {
  const { writer, top, selection } = session
  if (top === undefined && session.children.size === 0) {
    throw new ImageError('INVALID_DATA', 'there is nothing to commit: no manifest was put')
  }
  const added = await writeSignatures(writer, session.signatures.values(), session.tags)
  for (const referrer of added.referrers) session.referrers.set(referrer.descriptor.digest, referrer)
  const entries: LayoutEntry[] = top === undefined ? [] : [layoutEntry(top, selection.name)]
  const tags = new Map([...session.tags, ...added.tags])
  for (const [tag, manifest] of tags) entries.push(layoutEntry(describe(manifest), tag))
  for (const [subject, referrers] of await unlisted(session)) {
    const bytes = formatReferrers(referrers)
    const descriptor = { mediaType: OCI_INDEX, digest: digestOf(bytes), size: bytes.byteLength }
    await writer.putBlob(bytesBody(bytes), descriptor)
    entries.push(layoutEntry(descriptor, referrersTag(subject)))
  }
  const index = serializeLayoutIndex(withLayoutEntries(emptyLayoutIndex(INDEX_FILE), entries))
  await writer.commit([memberWith(INDEX_FILE, index), memberWith(MARKER_FILE, encode(LAYOUT_MARKER))])
}

/**
 * Referrers that nothing would lead to, by what they refer to. Those inside the image need no entry beside it: an archive of one image stays
 * one that can be read without giving a name.
 */
async function unlisted({ top, children, referrers }: Session): Promise<ReadonlyMap<Digest, readonly Descriptor[]>> {
  const inside = new Set<Digest>()
  const below = ({ digest }: Descriptor): readonly Descriptor[] => children.get(digest) ?? []
  for await (const { digest } of walk(top === undefined ? [] : below(top), below)) inside.add(digest)
  const outside = [...referrers.values()].filter(({ descriptor }) => !inside.has(descriptor.digest))
  const groups = Map.groupBy(outside, ({ subject }) => subject)
  return new Map([...groups].map(([subject, group]) => [subject, group.map(({ descriptor }) => descriptor)]))
}

function memberWith(path: string, content: Uint8Array): SmallMember {
  return { header: { path }, content }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
