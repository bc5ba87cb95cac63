import { readdir, rmdir, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  createWithParents,
  errorNumber,
  ifExists,
  naming,
  pathError,
  quotePath,
  readBounded,
  replaceFile,
  sweepPassing,
  syncFolder,
} from '@crossdock/blob-files'
import { ImageError, type OperationOptions, type Signature } from '@crossdock/core'
import { decodeSignature, encodeSignature, MAX_SIGNATURE_BYTES, MAX_SIGNATURES } from '@crossdock/formats'

/**
 * Those whose numbers follow each other from 1; none if there is no folder. Throws `LIMIT_EXCEEDED`, `IO`, and what
 * `decodeSignature` throws.
 */
export async function readSignatureFolder(
  folder: string,
  { signal }: OperationOptions = {},
): Promise<readonly Signature[]> {
  const signatures: Signature[] = []
  for (;;) {
    signal?.throwIfAborted()
    const path = fileOf(folder, signatures.length + 1)
    const bytes = await readSignature(path)
    if (bytes === undefined) return signatures
    if (signatures.length === MAX_SIGNATURES) {
      throw pathError('LIMIT_EXCEEDED', path, `is one signature too many: at most ${MAX_SIGNATURES} are read`)
    }
    signatures.push(decodeSignature(bytes, quotePath(path)))
  }
}

function fileOf(folder: string, number: number): string {
  return join(folder, `signature-${number}`)
}

async function readSignature(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readBounded(path, { limitBytes: MAX_SIGNATURE_BYTES, what: 'a signature' })
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
    throw reason
  }
}

/**
 * Puts these in place of those that are there, each file in one step and flushed to the disk; a reader may see some of both meanwhile. Throws
 * `LIMIT_EXCEEDED`, `IO`.
 */
export async function writeSignatureFolder(
  folder: string,
  signatures: readonly Signature[],
  { signal }: OperationOptions = {},
): Promise<void> {
  if (signatures.length > MAX_SIGNATURES) {
    throw new ImageError(
      'LIMIT_EXCEEDED',
      `there are ${signatures.length} signatures; ${quotePath(folder)} takes ${MAX_SIGNATURES} for one manifest`,
    )
  }
  const files = signatures.map(encodeSignature)
  if (files.length > 0) {
    signal?.throwIfAborted()
    for (const created of await createWithParents(folder)) await syncFolder(dirname(created))
    await sweepPassing(folder)
  }
  for (const [position, bytes] of files.entries()) {
    signal?.throwIfAborted()
    await replaceFile(fileOf(folder, position + 1), { bytes, work: folder, durable: true, syncFolder: false })
  }
  await removeFrom(folder, files.length + 1)
  if (files.length > 0) await syncFolder(folder)
}

/** Removes every signature, and the folder unless it holds something else. Throws `IO`. */
export async function removeSignatureFolder(folder: string): Promise<void> {
  await removeFrom(folder, 1)
  await naming('remove the folder', folder, async () => {
    try {
      await rmdir(folder)
    } catch (reason) {
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(errorNumber(reason) ?? '')) throw reason
    }
  })
}

const FILE = /^signature-([1-9][0-9]{0,8})$/

/** The last ones first: whatever ends this, those that are left follow each other from 1. */
async function removeFrom(folder: string, first: number): Promise<void> {
  const names = (await naming('read the folder', folder, () => ifExists(readdir(folder)))) ?? []
  const numbers = names.map((name) => Number(FILE.exec(name)?.[1] ?? 0)).filter((number) => number >= first)
  for (const number of numbers.toSorted((one, other) => other - one)) {
    const path = fileOf(folder, number)
    await naming('remove', path, () => ifExists(unlink(path)))
  }
}
