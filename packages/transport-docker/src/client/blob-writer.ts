import {
  type BlobBody,
  type BlobHint,
  type Descriptor,
  type Digest,
  type ImageReference,
  type OperationOptions,
  type ReusedBlob,
} from '@crossdock/core'
import { isAccessRefused } from '../errors.ts'
import { apiHost, userHost } from '../reference.ts'
import { hasBlob } from './blob-head.ts'
import type { Repository } from './repository.ts'
import { abortableBody } from './upload/abortable-body.ts'
import { uploadKey } from './upload/journal-entry.ts'
import { keyText } from './upload/journal.ts'
import { putKnownBlob } from './upload/put-known-blob.ts'
import type { KnownBlob } from './upload/put-outcome.ts'
import { putStream } from './upload/put-stream.ts'
import { peekUpload } from './upload/resume-upload.ts'
import { cancelUpload, startUpload, type UploadSession, uploadWire } from './upload/upload-session.ts'

type Wanted = Descriptor & Pick<BlobHint, 'from'>

/** The blobs of one destination. */
export interface BlobWriter {
  put(body: BlobBody, hint: BlobHint, operation: OperationOptions): Promise<KnownBlob>
  reuse(blob: Wanted, operation: OperationOptions): Promise<ReusedBlob | undefined>
  find(blob: Wanted, operation: OperationOptions): Promise<'present' | 'mountable' | undefined>
  partial(blob: Descriptor, operation: OperationOptions): Promise<number>
  /** Drops uploads that were opened and not used. */
  close(): Promise<void>
}

interface State {
  readonly repository: Repository
  /** What the registry opened because it could not mount, for the put that follows. */
  readonly parked: Map<Digest, UploadSession>
}

export function createBlobWriter(repository: Repository): BlobWriter {
  const state: State = { repository, parked: new Map() }
  return {
    put: (body, hint, operation) => put(state, { body, hint, operation }),
    reuse: (wanted, operation) => reuse(state, wanted, operation),
    find: (wanted, operation) => find(repository, wanted, operation),
    partial: async ({ digest, size }, operation) =>
      await peekUpload(uploadWire(repository, digest, operation), { digest, size }),
    close: async () => {
      await Promise.all([...state.parked.keys()].map((digest) => dropParked(state, digest)))
      await repository.session.locations.flush()
    },
  }
}

interface Put {
  readonly body: BlobBody
  readonly hint: BlobHint
  readonly operation: OperationOptions
}

async function put(state: State, { body, hint, operation }: Put): Promise<KnownBlob> {
  const { repository } = state
  const { digest, size } = hint
  if (digest === undefined || size === undefined) {
    const blob = await putStream(abortableBody(body, operation.signal), hint, { repository, operation })
    return seen(repository, blob)
  }
  const blob = { digest, size }
  // What another image of the same repository sends at this moment is waited for.
  const send = async (signal: AbortSignal): Promise<void> => {
    const parked = takeParked(state, digest)
    await putKnownBlob(abortableBody(body, signal), blob, { repository, parked, operation: { ...operation, signal } })
  }
  await repository.session.uploads.run(keyText(uploadKey(repository, digest)), send, operation)
  return seen(repository, blob)
}

async function reuse(state: State, wanted: Wanted, operation: OperationOptions): Promise<ReusedBlob | undefined> {
  const { repository } = state
  const { from: _, ...blob } = wanted
  const from = await neighbourOf(wanted, repository)
  // One request says all where a neighbour has the blob: a mount also succeeds if the blob is here already.
  if (from !== undefined && (await mount(state, { blob, from, operation }))) {
    await found(repository, blob)
    return { blob, mountedFrom: from }
  }
  if (!(await hasBlob(repository, blob, operation))) return undefined
  await found(repository, blob)
  await dropParked(state, blob.digest)
  return { blob }
}

interface Mount {
  readonly blob: KnownBlob
  readonly from: string
  readonly operation: OperationOptions
}

/** False if the blob has to be put, in the upload that the registry may have opened. */
async function mount({ repository, parked }: State, { blob, from, operation }: Mount): Promise<boolean> {
  const { digest } = blob
  const outcome = await startUpload(uploadWire(repository, digest, operation), { digest, mountFrom: from })
  if (outcome === 'mounted') return true
  if (outcome === 'refused') repository.session.closed.add(closedKey(repository, from))
  else parked.set(digest, outcome)
  return false
}

async function find(
  repository: Repository,
  wanted: Wanted,
  operation: OperationOptions,
): Promise<'present' | 'mountable' | undefined> {
  if (await hasBlob(repository, wanted, operation)) return 'present'
  const neighbour = await neighbourOf(wanted, repository)
  if (neighbour === undefined) return undefined
  return (await canMount(repository, { ...wanted, neighbour }, operation)) ? 'mountable' : undefined
}

/** Where a neighbour may not be read from, nothing is mounted from it either. */
async function canMount(
  repository: Repository,
  { digest, size, neighbour }: KnownBlob & { readonly neighbour: string },
  operation: OperationOptions,
): Promise<boolean> {
  try {
    return await hasBlob(repository, { digest, size, neighbour }, operation)
  } catch (error) {
    if (isAccessRefused(error)) return false
    throw error
  }
}

function takeParked({ parked }: State, digest: Digest): UploadSession | undefined {
  const session = parked.get(digest)
  parked.delete(digest)
  return session
}

async function dropParked(state: State, digest: Digest): Promise<void> {
  const session = takeParked(state, digest)
  if (session !== undefined) await cancelUpload(uploadWire(state.repository, digest), session)
}

/** What an earlier process noted of its upload, whose end it did not live to see, is of no use any more. */
async function found(repository: Repository, blob: KnownBlob): Promise<void> {
  seen(repository, blob)
  await repository.session.journal.forget(uploadKey(repository, blob.digest))
}

function seen<Blob extends KnownBlob>({ session, host, name }: Repository, blob: Blob): Blob {
  session.locations.add({ host, repository: name, digest: blob.digest })
  return blob
}

/** Another repository of the same registry that has the blob: the one that it comes from, or one where it was seen. */
async function neighbourOf({ from, digest }: Wanted, repository: Repository): Promise<string | undefined> {
  const source = sourceRepository(from, repository)
  if (source !== undefined) return source
  const { session, host, name } = repository
  const seenAt = await session.locations.neighbour({ host, repository: name, digest })
  return seenAt === undefined || session.closed.has(closedKey(repository, seenAt)) ? undefined : seenAt
}

/** A repository that one blob could not be taken over from is not tried for the others, unless they come from there. */
function closedKey({ host }: Repository, neighbour: string): string {
  return `${host} ${neighbour}`
}

/** The repository of a reference to another image of the same registry. */
function sourceRepository(from: ImageReference | undefined, { host, name, reference }: Repository): string | undefined {
  if (from?.transport.name !== 'docker' || from.dockerReference === undefined) return undefined
  const { domain, path } = from.dockerReference
  const same = domain === reference.domain || userHost(apiHost(domain)) === host
  return same && path !== name ? path : undefined
}
