import {
  type ArchiveFile,
  compressionAt,
  indexArchive,
  type OpenArchiveOptions,
  type RandomAccess,
  unpack,
} from '@crossdock/archive'

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
