import {
  type ArchiveKind,
  archiveKind,
  beginsAsAci,
  cleanPath,
  compressionAt,
  indexTar,
  openFile,
  type RandomAccess,
  readAccess,
  readTar,
  resolveReadOptions,
  type TarEntry,
  type TarIndex,
  unpacking,
} from '@crossdock/archive'
import { ImageError } from '@crossdock/core'

interface LookOptions {
  readonly signal?: AbortSignal | undefined
  readonly maxUnpackedBytes?: number | undefined
}

/** The transport that reads an archive, by its content. Throws `NOT_FOUND`, `INVALID_DATA` for what is no archive of an image, `LIMIT_EXCEEDED`, `IO`. */
export async function transportOfFile(
  path: string,
  options: LookOptions,
): Promise<'aci' | 'docker-archive' | 'oci-archive'> {
  await using file = await openFile(path)
  const kind = await kindOf(file, options)
  if (kind === 'aci') return 'aci'
  if (kind === 'docker') return 'docker-archive'
  // One that is both keeps its manifests as an OCI layout; those of a docker archive are made.
  if (kind === 'oci' || kind === 'docker-and-oci') return 'oci-archive'
  throw new ImageError(
    'INVALID_DATA',
    `${file.name} is a tar archive of files and no image; as a root filesystem it is tarball:${file.name.slice(1, -1)}`,
  )
}

async function kindOf(file: RandomAccess, options: LookOptions): Promise<ArchiveKind> {
  const { signal } = options
  const { maxUnpackedBytes } = resolveReadOptions(options)
  if (await beginsAsAci(file, { maxUnpackedBytes, signal })) return 'aci'
  const isPacked = (await compressionAt(file)) !== 'none'
  return archiveKind(
    isPacked ? await passedIndex(file, { maxUnpackedBytes, signal }) : await indexTar(file, { signal }),
  )
}

/** The members of a packed archive, which are passed over as they are unpacked, until they tell that it is an OCI image layout. */
async function passedIndex(
  file: RandomAccess,
  { maxUnpackedBytes: limitBytes, signal }: { readonly maxUnpackedBytes: number } & LookOptions,
): Promise<TarIndex> {
  const what = file.name
  const byPath = new Map<string, TarEntry>()
  const duplicates = new Set<string>()
  const plain = unpacking(readAccess(file, { signal }), { what, limitBytes })
  for await (const { entry } of readTar(plain, { what, signal })) {
    const path = cleanPath(entry.path, { what })
    const members = byPath.size
    if (byPath.set(path, entry).size === members) duplicates.add(path)
    if (byPath.has('oci-layout') && byPath.has('index.json')) break
  }
  return { what, entries: [], byPath, duplicates }
}
