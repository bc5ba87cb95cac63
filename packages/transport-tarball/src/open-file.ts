import { resolve } from 'node:path'
import {
  type ArchiveFile,
  indexArchive,
  openArchive,
  type OpenArchiveOptions,
  spool,
  unpacking,
} from '@crossdock/archive'
import { STANDARD, type StandardStreams } from './standard-streams.ts'

/** The path made absolute; standard streams have none. */
export function absolute(path: string): string {
  return path === STANDARD ? path : resolve(path)
}

/** Opens an archive; standard input is put into a file without a name, unpacked. Throws as `openArchive` does. */
export async function openInput(
  file: string,
  options: OpenArchiveOptions,
  { input }: Pick<StandardStreams, 'input'>,
): Promise<ArchiveFile> {
  if (file !== STANDARD) return await openArchive(file, options)
  const { tmpDir: folder, maxUnpackedBytes: limitBytes, signal } = options
  const what = 'standard input'
  const access = await spool(unpacking(input(), { what, limitBytes }), { folder, limitBytes, what, signal })
  return await indexArchive(access, { signal })
}
