import {
  createAciSource,
  openAci,
  type AciArchive,
  type OpenArchiveOptions,
  type RandomAccess,
} from '@crossdock/archive'
import {
  ImageError,
  type ImageReference,
  type ImageSource,
  type OperationOptions,
  quoteForeign,
  report,
} from '@crossdock/core'
import { redactUrl } from '@crossdock/http'
import { valueOf } from '@crossdock/formats'
import type { ArchiveSelection } from '../reference.ts'
import type { Session } from './session.ts'
import { fetchSigned, remoteSignature, signatureUrl } from './signatures.ts'

export interface AciImageOptions {
  readonly reference: ImageReference
  readonly session: Session
  readonly url: URL
  readonly selection: ArchiveSelection
  /** Where the detached signature lies. Default: beside the archive. */
  readonly signature?: URL | undefined
}

/** An App Container Image with the signature that lies beside it. The file is closed with the source, or if this fails. */
export async function openAciImage(
  file: RandomAccess,
  { reference, session, url, selection, signature: place = signatureUrl(url) }: AciImageOptions,
  operation: OperationOptions,
): Promise<ImageSource> {
  const reading: OpenArchiveOptions = { ...session.options, signal: operation.signal }
  const archive = await openAci(file, reading)
  let signature: Uint8Array | undefined
  try {
    checkSelection(archive, selection)
    signature = await readSignature(session, place, operation)
  } catch (reason) {
    await archive[Symbol.asyncDispose]()
    throw reason
  }
  return createAciSource(archive, { reference, signature, onProgress: operation.onProgress })
}

/**
 * Of an archive that is there: a server that defers the signature may be making it since it was asked, and is asked once more. Storage services say of what is
 * not there that it may not be read, unless the folder may be listed.
 */
async function readSignature(
  { operations }: Session,
  url: URL,
  operation: OperationOptions,
): Promise<Uint8Array | undefined> {
  try {
    const fetcher = remoteSignature(url, operations)
    const { signature } = await fetchSigned(fetcher, { fetchImage: async () => {}, allowUnsigned: true }, operation)
    return signature
  } catch (reason) {
    if (!(reason instanceof ImageError) || reason.code !== 'FORBIDDEN') throw reason
    const message = `${redactUrl(url)} may not be read (status 403): the image counts as unsigned`
    report(operation, { type: 'note', level: 'warning', message })
    return undefined
  }
}

/** `NAME` or `NAME:VERSION`. */
function checkSelection({ what, manifest }: AciArchive, { name, digest, index = 0 }: ArchiveSelection): void {
  const { labels, name: found } = manifest
  const version = valueOf(labels, 'version')
  const isMeant = name === undefined || name === found || name === `${found}:${version}`
  if (digest === undefined && index === 0 && isMeant) return
  const held = quoteForeign(version === undefined ? found : `${found}:${version}`, 200)
  throw new ImageError('NOT_FOUND', `${what} has no such image: it is an App Container Image, ${held}`, {
    side: 'source',
  })
}
