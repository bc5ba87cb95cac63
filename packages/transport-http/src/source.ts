import {
  type ArchiveFile,
  archiveKind,
  beginsAsAci,
  dockerArchiveNames,
  type DockerArchiveSelection,
  ociArchiveNames,
  openDockerArchive,
  openOciArchive,
  type RandomAccess,
  withTag,
} from '@crossdock/archive'
import {
  ImageError,
  type ImageReference,
  type ImageSource,
  type OperationOptions,
  parseDockerReference,
} from '@crossdock/core'
import { openAciImage } from './client/aci-image.ts'
import { archiveAt } from './client/fetch-archive.ts'
import { listArchive } from './client/list-archive.ts'
import { openContent } from './client/open-content.ts'
import { provenSource } from './client/proven-source.ts'
import type { Session } from './client/session.ts'
import type { ArchiveSelection, UrlLocation } from './reference.ts'

/** A reference that is being opened. */
export interface OpenOptions extends UrlLocation {
  readonly reference: ImageReference
  readonly session: Session
  /** Of an App Container Image: where its detached signature lies. Default: beside the archive. */
  readonly signature?: URL | undefined
}

/**
 * Fetches the archive and opens an image of it; what kind of archive it is its content says. What turns out to be no archive is not kept, so that the next
 * time it is downloaded anew. Throws `NOT_FOUND` for a missing file or image, `CONFLICT` if the reference fits several, `INVALID_DATA` for what is no image,
 * `LIMIT_EXCEEDED`, and what fetching throws.
 */
export async function openSource(options: OpenOptions, operation: OperationOptions = {}): Promise<ImageSource> {
  const { session, url } = options
  const { file, fetched } = await openContent(session, url, operation)
  const { digest } = fetched
  const giveUp = (): Promise<void> => session.contents.remove(digest)
  const source = await givenUpIfUnsound(giveUp, () => openFile(file, options, operation))
  if (!session.joined.has(digest)) return source
  return provenSource(source, async () => {
    session.joined.delete(digest)
    await giveUp()
  })
}

async function givenUpIfUnsound<Value>(giveUp: () => Promise<void>, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'INVALID_DATA') await giveUp()
    throw reason
  }
}

/** The file is closed with the source, or if this fails. */
async function openFile(file: RandomAccess, options: OpenOptions, operation: OperationOptions): Promise<ImageSource> {
  const { reference, session, url, selection } = options
  const { signal } = operation
  const reading = { ...session.options, signal }
  if (await beginsAsAci(file, reading)) return await openAciImage(file, options, operation)
  const archive = await listArchive(file, reading)
  const chosen = await closingOnFailure(archive, () => choose(archive, selection, url))
  if (chosen.kind === 'oci') return await openOciArchive(archive, { reference, selection, signal })
  const { maxUnpackedBytes } = session.options
  return await openDockerArchive(archive, { reference, selection: chosen.selection, maxUnpackedBytes, signal })
}

async function closingOnFailure<Value>(archive: ArchiveFile, work: () => Value): Promise<Value> {
  try {
    return work()
  } catch (reason) {
    await archive[Symbol.asyncDispose]()
    throw reason
  }
}

type Choice = { readonly kind: 'oci' } | { readonly kind: 'docker'; readonly selection: DockerArchiveSelection }

function choose(archive: ArchiveFile, selection: ArchiveSelection, url: URL): Choice {
  const kind = kindOf(archive, url)
  if (kind === 'oci') return { kind }
  if (kind === 'docker') return { kind, selection: dockerSelection(selection, url) }
  const problem = 'is an App Container Image with more than "manifest" and "rootfs" in it'
  throw new ImageError('INVALID_DATA', `${archiveAt(url)} ${problem}`, { side: 'source' })
}

/** The names of all images in the archive. */
export async function* listNames(
  { session, url }: OpenOptions,
  operation: OperationOptions = {},
): AsyncGenerator<string> {
  const { file } = await openContent(session, url, operation)
  await using archive = await listArchive(file, { ...session.options, ...operation })
  const list = { oci: ociArchiveNames, docker: dockerArchiveNames, aci: noNames }[kindOf(archive, url)]
  for (const name of await list(archive, operation.signal)) {
    operation.signal?.throwIfAborted()
    yield name
  }
}

/** The one image of such an archive needs no name. */
async function noNames(): Promise<readonly string[]> {
  return []
}

/** An archive that is both is read as an OCI layout, whose manifests are kept and not made. */
function kindOf(archive: ArchiveFile, url: URL): 'oci' | 'docker' | 'aci' {
  const kind = archiveKind(archive.index)
  if (kind === 'docker-and-oci') return 'oci'
  if (kind !== 'rootfs') return kind
  const problem = 'is a tar archive of files and no image; fetch it, and name it as tarball:FILE'
  throw new ImageError('INVALID_DATA', `${archiveAt(url)} ${problem}`, { side: 'source' })
}

function dockerSelection({ name, digest, index }: ArchiveSelection, url: URL): DockerArchiveSelection {
  if (digest !== undefined) {
    const problem = 'is a docker archive, which knows images by name and tag, not by digest'
    throw new ImageError('INVALID_REFERENCE', `${archiveAt(url)} ${problem}`, { side: 'source' })
  }
  if (index !== undefined) return { index }
  return name === undefined ? {} : { name: withTag(parseDockerReference(name)) }
}
