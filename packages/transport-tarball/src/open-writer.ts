import {
  checkTarget,
  createArchiveWriter,
  createStreamWriter,
  type MemberWriter,
  type TarHeaderInput,
} from '@crossdock/archive'
import type { Digest } from '@crossdock/core'
import { checkReplaced, type Replaced } from './check-replaced.ts'
import type { ResolvedArchiveOptions } from './options.ts'
import { STANDARD, type StandardStreams } from './standard-streams.ts'

export interface OpenWriterOptions {
  /** Absolute, or `-`. */
  readonly file: string
  readonly options: ResolvedArchiveOptions
  readonly replaced: Replaced
  readonly signal?: AbortSignal | undefined
  /** The member that a blob becomes, without its size. */
  readonly memberOf: (digest: Digest, mediaType: string | undefined) => TarHeaderInput
}

/** An archive that goes into a file, or into standard output. Throws what `checkTarget` and `checkReplaced` throw. */
export async function openWriter(
  { file, options, memberOf, replaced, signal }: OpenWriterOptions,
  { output }: Pick<StandardStreams, 'output'>,
): Promise<MemberWriter> {
  if (file === STANDARD) {
    return createStreamWriter({
      ...options,
      open: async () => output(),
      memberOf: (digest, mediaType) => (digest === undefined ? undefined : memberOf(digest, mediaType)),
    })
  }
  await checkTarget(file)
  await checkReplaced(file, replaced, { ...options, signal })
  return createArchiveWriter({ path: file, durable: options.durable, memberOf })
}
