import {
  type AciArchive,
  createAciSource,
  openAci,
  openFile,
  type OpenArchiveOptions,
  type RandomAccess,
  readAccess,
  spool,
} from '@crossdock/archive'
import { ImageError, type ImageSource, type OperationOptions, quoteForeign } from '@crossdock/core'
import { MAX_SIGNATURE_BYTES, valueOf } from '@crossdock/formats'
import { readBytes } from '@crossdock/streams'
import { STANDARD, type StandardStreams } from '../standard-streams.ts'
import { closeAll, findAmong, openDependencies } from './dependencies.ts'
import type { OpenOptions } from './open-options.ts'
import type { AciLocation } from './reference.ts'

/**
 * Reads the archive once for its image ID, and the files for the digest of their layer. Throws `NOT_FOUND` for a missing file and for an image with another
 * name or version, or one below it that is missing; `INVALID_DATA`, `UNSUPPORTED`, `LIMIT_EXCEEDED`.
 */
export async function openSource(
  { reference, file, location, options, streams }: OpenOptions,
  operation: OperationOptions = {},
): Promise<ImageSource> {
  const { signal } = operation
  signal?.throwIfAborted()
  const reading = { ...options, signal }
  const signature = file === STANDARD ? undefined : await readSignature(`${file}.asc`, signal)
  const archive = await openAci(await openInput(file, reading, streams), reading)
  let below: readonly AciArchive[] = []
  try {
    checkName(archive, location)
    if (archive.manifest.dependencies.length > 0) below = await openDependencies(options.dependencies, reading)
  } catch (reason) {
    await archive[Symbol.asyncDispose]()
    throw reason
  }
  const all = { ...archive, [Symbol.asyncDispose]: () => closeAll([archive, ...below]) }
  const { platform } = options
  return await createAciSource(all, { reference, platform, find: findAmong(below), signature, ...operation })
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
