import { join } from 'node:path'
import { type BlobPaths, blobPaths } from '@crossdock/blob-files'
import { type Digest, digestAlgorithm, digestEncoded, isDigest } from '@crossdock/core'

/** Where things lie in the folder of an image. */
export interface FolderPaths {
  readonly root: string
  /** Says which form the folder has. */
  readonly version: string
  /** The manifest or index that the folder stands for. */
  readonly manifest: string
  /** Our own files: the lock and files being written. Other programs do not look there. */
  readonly work: string
  /** Is there from before the image changes until all that belongs to the change is done. */
  readonly unfinished: string
  /** Blobs lie in the folder itself. */
  readonly blobs: BlobPaths
}

const WORK = '.crossdock'

export function folderPaths(root: string): FolderPaths {
  const work = join(root, WORK)
  return {
    root,
    version: join(root, 'version'),
    manifest: join(root, 'manifest.json'),
    work,
    unfinished: join(work, 'unfinished'),
    blobs: blobPaths({ folder: root, work, pathOf: (digest) => join(root, fileName(digest)) }),
  }
}

export function isWorkFolder(name: string): boolean {
  return name === WORK
}

/** An instance of an index, or another manifest that goes with the image. */
export function instancePath({ root }: FolderPaths, digest: Digest): string {
  return join(root, `${fileName(digest)}${INSTANCE}`)
}

/** The image's own signatures, or those of an instance, are numbered from 1. */
export function signaturePath({ root }: FolderPaths, instance: Digest | undefined, at: { number: number }): string {
  return join(root, `${instance === undefined ? '' : `${fileName(instance)}.`}${SIGNATURE}${at.number}`)
}

/** Content of an image by the name of its file. */
export type ContentFile =
  | { readonly kind: 'blob' | 'instance'; readonly digest: Digest }
  /** Without a digest it is the image's own. */
  | { readonly kind: 'signature'; readonly digest: Digest | undefined; readonly number: number }

const INSTANCE = '.manifest.json'
const SIGNATURE = 'signature-'
const SIGNATURE_NAME = /^(?:([^.]+)\.)?signature-([1-9][0-9]{0,8})$/

/** Undefined for every name that is not content's: `manifest.json` and `version`, and files that are none of ours. */
export function parseFileName(name: string): ContentFile | undefined {
  const [, owner, number] = SIGNATURE_NAME.exec(name) ?? []
  if (number !== undefined) {
    const digest = owner === undefined ? undefined : digestOfName(owner)
    const isKnown = owner === undefined || digest !== undefined
    return isKnown ? { kind: 'signature', digest, number: Number(number) } : undefined
  }
  const isInstance = name.endsWith(INSTANCE)
  const digest = digestOfName(isInstance ? name.slice(0, -INSTANCE.length) : name)
  return digest === undefined ? undefined : { kind: isInstance ? 'instance' : 'blob', digest }
}

/** The encoded part of a sha256 digest; other algorithms are named besides. */
function fileName(digest: Digest): string {
  const algorithm = digestAlgorithm(digest)
  return algorithm === 'sha256' ? digestEncoded(digest) : `${algorithm}-${digestEncoded(digest)}`
}

function digestOfName(name: string): Digest | undefined {
  const digest = name.includes('-') ? name.replace('-', ':') : `sha256:${name}`
  return isDigest(digest) && fileName(digest) === name ? digest : undefined
}
