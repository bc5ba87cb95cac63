import type { Signature, SimpleSignature } from '@crossdock/core'
import type { AciArchive } from './open-aci.ts'

/** The archive that a detached signature is for. */
export interface PublishedArchive {
  /** What the manifest in the archive calls the image. */
  readonly name: string
  /** The file as it came, packed or not. Throws `CONFLICT` at the end if it is not what the image was made of. */
  open(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<Uint8Array>
}

/** An OpenPGP signature beside an archive (`.asc`), with the bytes that it says something of. */
export interface DetachedSignature extends SimpleSignature {
  readonly detached: true
  readonly archive: PublishedArchive
}

export function detachedSignature(bytes: Uint8Array, archive: PublishedArchive): DetachedSignature {
  return { format: 'simple', bytes, detached: true, archive }
}

export function publishedArchive({ manifest, published }: AciArchive): PublishedArchive {
  return { name: manifest.name, open: (options) => published(options?.signal) }
}

export function isDetachedSignature(signature: Signature): signature is DetachedSignature {
  return signature.format === 'simple' && 'archive' in signature
}
