import {
  compressionAt,
  type OpenArchiveOptions,
  openFile,
  type RandomAccess,
  readAccess,
  readTar,
  spool,
  unpack,
  unpacking,
} from '@crossdock/archive'
import { createHasher, type Descriptor, type Digest, ImageError } from '@crossdock/core'
import { OCI_LAYER_GZIP, OCI_LAYER_TAR, OCI_LAYER_ZSTD } from '@crossdock/formats'
import { type Compression, firstBytes, recycle } from '@crossdock/streams'
import { STANDARD } from '../standard-streams.ts'

/** A file that is a layer. */
export interface LayerFile extends AsyncDisposable {
  readonly access: RandomAccess
  readonly descriptor: Descriptor
  readonly diffId: Digest
}

export interface OpenLayerOptions extends OpenArchiveOptions {
  /** What is read for `-`. */
  readonly stdin: () => AsyncIterable<Uint8Array>
}

/** Packings that an image's layer may have; what is packed otherwise is unpacked. */
const LAYER_TYPES: ReadonlyMap<Compression, string> = new Map([
  ['none', OCI_LAYER_TAR],
  ['gzip', OCI_LAYER_GZIP],
  ['zstd', OCI_LAYER_ZSTD],
])

/**
 * Opens a tar file, packed or not, and reads it once for its digest and its diff ID. Throws `NOT_FOUND`, `INVALID_DATA` for what is no
 * tar, `LIMIT_EXCEEDED`, `IO`.
 */
export async function openLayer(path: string, options: OpenLayerOptions): Promise<LayerFile> {
  const { mediaType, access } = await openTyped(path, options)
  try {
    await checkIsTar(access, options)
    const hashes = await hash(access, mediaType, options)
    return {
      access,
      descriptor: { mediaType, digest: hashes.digest, size: access.size },
      diffId: hashes.diffId,
      [Symbol.asyncDispose]: () => access[Symbol.asyncDispose](),
    }
  } catch (reason) {
    await access[Symbol.asyncDispose]()
    throw reason
  }
}

interface TypedFile {
  readonly access: RandomAccess
  readonly mediaType: string
}

async function openTyped(path: string, options: OpenLayerOptions): Promise<TypedFile> {
  const file = path === STANDARD ? await spoolStdin(options) : await openFile(path)
  let mediaType: string | undefined
  try {
    mediaType = LAYER_TYPES.get(await compressionAt(file))
    return mediaType === undefined
      ? { access: await unpack(file, options), mediaType: OCI_LAYER_TAR }
      : { access: file, mediaType }
  } finally {
    if (mediaType === undefined) await file[Symbol.asyncDispose]()
  }
}

function spoolStdin({ stdin, tmpDir, maxUnpackedBytes, signal }: OpenLayerOptions): Promise<RandomAccess> {
  return spool(stdin(), { folder: tmpDir, limitBytes: maxUnpackedBytes, what: 'standard input', signal })
}

/** Looks at the first header. */
async function checkIsTar(access: RandomAccess, options: OpenLayerOptions): Promise<void> {
  const refused = (cause?: unknown): ImageError =>
    new ImageError('INVALID_DATA', `${access.name} is no tar archive, plain or packed`, { cause })
  if (await isEmpty(unpacked(access, options))) throw refused()
  const members = readTar(unpacked(access, options), { what: access.name, signal: options.signal })
  try {
    await members.next()
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'INVALID_DATA') throw refused(reason)
    throw reason
  } finally {
    await members.return(undefined)
  }
}

async function isEmpty(body: AsyncIterable<Uint8Array>): Promise<boolean> {
  for await (const chunk of firstBytes(body, 1)) if (chunk.byteLength > 0) return false
  return true
}

function unpacked(access: RandomAccess, { maxUnpackedBytes, signal }: OpenLayerOptions): AsyncGenerator<Uint8Array> {
  return unpacking(readAccess(access, { signal }), { what: access.name, limitBytes: maxUnpackedBytes })
}

interface Hashes {
  readonly digest: Digest
  readonly diffId: Digest
}

/** Both in one pass over the file; they are the same for a plain one. */
async function hash(access: RandomAccess, mediaType: string, options: OpenLayerOptions): Promise<Hashes> {
  const packed = mediaType === OCI_LAYER_TAR ? undefined : createHasher('sha256')
  const plain = createHasher('sha256')
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of readAccess(access, { signal: options.signal })) {
      packed?.update(chunk)
      yield chunk
    }
  }
  for await (const chunk of unpacking(hashed(), { what: access.name, limitBytes: options.maxUnpackedBytes })) {
    plain.update(chunk)
    recycle(chunk)
  }
  const diffId = plain.digest()
  return { digest: packed?.digest() ?? diffId, diffId }
}
