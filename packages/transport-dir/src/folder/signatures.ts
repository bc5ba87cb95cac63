import { type Lock, pathError, quotePath, readBounded, replaceFile } from '@crossdock/blob-files'
import { type Digest, ImageError, type OperationOptions, type Signature } from '@crossdock/core'
import { decodeSignature, encodeSignature, MAX_SIGNATURE_BYTES, MAX_SIGNATURES } from '@crossdock/formats'
import { type FolderPaths, signaturePath } from './paths.ts'

/**
 * The signatures of an instance, or the image's own: those whose numbers follow each other from 1. Throws `LIMIT_EXCEEDED` and
 * what `decodeSignature` throws.
 */
export async function readSignatures(
  paths: FolderPaths,
  instance: Digest | undefined,
  { signal }: OperationOptions = {},
): Promise<readonly Signature[]> {
  const signatures: Signature[] = []
  for (;;) {
    signal?.throwIfAborted()
    const path = signaturePath(paths, instance, { number: signatures.length + 1 })
    const bytes = await readSignature(path)
    if (bytes === undefined) return signatures
    if (signatures.length === MAX_SIGNATURES) {
      throw pathError('LIMIT_EXCEEDED', path, `is one signature too many: at most ${MAX_SIGNATURES} are read`)
    }
    signatures.push(decodeSignature(bytes, quotePath(path)))
  }
}

async function readSignature(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readBounded(path, { limitBytes: MAX_SIGNATURE_BYTES, what: 'a signature' })
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
    throw reason
  }
}

/** What the files of these signatures will hold. Throws `LIMIT_EXCEEDED`. */
export function encodeSignatures(signatures: readonly Signature[]): readonly Uint8Array[] {
  if (signatures.length <= MAX_SIGNATURES) return signatures.map(encodeSignature)
  throw new ImageError(
    'LIMIT_EXCEEDED',
    `there are ${signatures.length} signatures; a folder takes ${MAX_SIGNATURES} for one manifest`,
  )
}

export interface WriteSignaturesOptions {
  readonly files: readonly Uint8Array[]
  readonly durable: boolean
  readonly lock: Lock
}

/** Those with higher numbers stay. The folder is not flushed. */
export async function writeSignatures(
  paths: FolderPaths,
  instance: Digest | undefined,
  { files, durable, lock }: WriteSignaturesOptions,
): Promise<void> {
  const beforeRename = (): Promise<void> => lock.assertHeld()
  for (const [index, bytes] of files.entries()) {
    const path = signaturePath(paths, instance, { number: index + 1 })
    await replaceFile(path, { bytes, work: paths.work, durable, syncFolder: false, beforeRename })
  }
}
