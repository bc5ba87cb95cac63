import type { Digest } from '@crossdock/core'
import { hasBlob } from '../blob-head.ts'
import type { Repository } from '../repository.ts'
import type { OpenUpload, UploadKey } from './journal.ts'
import { type UploadSession, uploadStatus, type UploadWire } from './upload-session.ts'

export function uploadKey({ host, name }: Repository, digest: Digest): UploadKey {
  return { host, repository: name, digest }
}

interface Blob {
  readonly digest: Digest
  readonly size: number
}

/**
 * The upload of this blob that an earlier attempt, maybe of an earlier process, left open; `present` if it turns out to have come
 * to its end. Undefined if there is none to go on with.
 */
export async function claimUpload(wire: UploadWire, blob: Blob): Promise<UploadSession | 'present' | undefined> {
  const { repository, operation } = wire
  const { journal } = repository.session
  const key = uploadKey(repository, blob.digest)
  const noted = await journal.claim(key)
  if (noted === undefined) return undefined
  const session = await askFor(wire, noted, blob)
  if (session !== undefined) return session
  await journal.forget(key)
  // The answer to the last request may have been all that was lost.
  return (await hasBlob(repository, blob, operation)) ? 'present' : undefined
}

/** The same, to look at only: bytes that would not be sent again. */
export async function peekUpload(wire: UploadWire, blob: Blob): Promise<number> {
  const noted = await wire.repository.session.journal.peek(uploadKey(wire.repository, blob.digest))
  if (noted === undefined) return 0
  return (await askFor(wire, noted, blob))?.offset ?? 0
}

async function askFor(wire: UploadWire, noted: OpenUpload, blob: Blob): Promise<UploadSession | undefined> {
  const url = URL.parse(noted.url)
  if (url === null || noted.offset > blob.size) return undefined
  const status = await uploadStatus(wire, url)
  if (status === 'gone') return undefined
  if (status === 'unknown') return { url, offset: noted.offset, minChunkBytes: 0 }
  // Some registries are behind with what they tell; that they have more than was acknowledged is the normal case after a kill.
  const offset = Math.max(status.offset, noted.offset)
  return offset > blob.size ? undefined : { ...status, offset }
}
