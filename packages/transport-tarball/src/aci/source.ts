import {
  type AciArchive,
  type AciSource,
  createAciSource,
  openAci,
  openFile,
  type OpenArchiveOptions,
  type RandomAccess,
  readAccess,
  spool,
} from '@crossdock/archive'
import { ImageError, type OperationOptions, quoteForeign } from '@crossdock/core'
import { MAX_SIGNATURE_BYTES, valueOf } from '@crossdock/formats'
import { readBytes } from '@crossdock/streams'
import { STANDARD, type StandardStreams } from '../standard-streams.ts'
import { dependenciesIn } from './dependencies.ts'
import type { OpenOptions } from './open-options.ts'
import type { AciLocation } from './reference.ts'

/**
 * Reads the archive once for its image ID. Throws `NOT_FOUND` for a missing file and for an image with another name or version; `INVALID_DATA`,
 * `LIMIT_EXCEEDED`.
 */
export async function openSource(
  { reference, file, location, options, streams }: OpenOptions,
  operation: OperationOptions = {},
): Promise<AciSource> {
  const { signal } = operation
  signal?.throwIfAborted()
  const reading = { ...options, signal }
  const signature = file === STANDARD ? undefined : await readSignature(`${file}.asc`, signal)
  const archive = await openAci(await openInput(file, reading, streams), reading)
  try {
    checkName(archive, location)
  } catch (reason) {
    await archive[Symbol.asyncDispose]()
    throw reason
  }
  const below = dependenciesIn(options.dependencies, options)
  const all: AciArchive = {
    ...archive,
    async [Symbol.asyncDispose]() {
      await archive[Symbol.asyncDispose]()
      await below[Symbol.asyncDispose]()
    },
  }
  const { platform } = options
  const { onProgress } = operation
  return createAciSource(all, { reference, platform, find: below.find, signature, onProgress })
}

/** Standard input is put into a file without a name, as it is: signatures are for those bytes. */
async function openInput(
  file: string,
  { tmpDir: folder, maxUnpackedBytes: limitBytes, signal }: OpenArchiveOptions,
  { input }: Pick<StandardStreams, 'input'>,
): Promise<RandomAccess> {
  if (file !== STANDARD) return await openFile(file)
  return await spool(input(), { folder, limitBytes, what: 'standard input', signal })
}

/** Undefined if there is none. */
async function readSignature(path: string, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
  let file: RandomAccess
  try {
    file = await openFile(path)
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
    throw reason
  }
  await using opened = file
  return await readBytes(readAccess(opened, { signal }), { limitBytes: MAX_SIGNATURE_BYTES, what: opened.name })
}

function checkName({ what, manifest }: AciArchive, { name, version }: AciLocation): void {
  if (name !== undefined && name !== manifest.name) {
    throw new ImageError('NOT_FOUND', `${what} has no image ${name}: it holds ${quoteForeign(manifest.name, 200)}`)
  }
  const found = valueOf(manifest.labels, 'version')
  if (version === undefined || version === found) return
  const held = found === undefined ? 'one without a version' : `version ${quoteForeign(found, 100)}`
  throw new ImageError('NOT_FOUND', `${what} has no version ${version} of ${manifest.name}: it holds ${held}`)
}
