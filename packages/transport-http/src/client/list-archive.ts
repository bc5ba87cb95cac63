import {
  type ArchiveFile,
  compressionAt,
  indexArchive,
  type OpenArchiveOptions,
  type RandomAccess,
  readAccess,
  readTar,
  unpack,
  unpacking,
} from '@crossdock/archive'
import { ImageError } from '@crossdock/core'

/** Lists what is in a file; one that is packed as a whole is unpacked, into a file without a name. The file is closed with the archive, or if this fails. */
export async function listArchive(file: RandomAccess, options: OpenArchiveOptions): Promise<ArchiveFile> {
  let isPacked = true
  try {
    isPacked = (await compressionAt(file)) !== 'none'
    return await indexArchive(isPacked ? await unpack(file, options) : file, options)
  } finally {
    if (isPacked) await file[Symbol.asyncDispose]()
  }
}

/**
 * Whether a file begins as App Container Images do, which have `manifest` and `rootfs` and nothing else: it need not be unpacked only to see that. What is
 * damaged does not; whoever reads on says why.
 */
export async function beginsAsAci(file: RandomAccess, options: OpenArchiveOptions): Promise<boolean> {
  const { maxUnpackedBytes: limitBytes, signal } = options
  const plain = unpacking(readAccess(file, { signal }), { what: file.name, limitBytes })
  try {
    for await (const { entry } of readTar(plain, { what: file.name, signal })) {
      const path = entry.path.replace(/^(?:\.\/+)+|^\.$/, '')
      if (path !== '') return /^(?:manifest|rootfs)(?:\/|$)/.test(path)
    }
    return false
  } catch (reason) {
    signal?.throwIfAborted()
    if (reason instanceof ImageError) return false
    throw reason
  }
}
