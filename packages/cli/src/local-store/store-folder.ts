import type { Call } from '../endpoints.ts'
import { UsageError } from '../failure.ts'
import { textFlag } from '../flags.ts'

/** The folder of `--store`, else of the environment. Throws a `UsageError` for an empty name. */
export async function storeFolder({ flags, invocation }: Pick<Call, 'flags' | 'invocation'>): Promise<string> {
  const given = textFlag(flags, 'store')
  if (given === '') throw new UsageError('--store takes the name of a folder')
  if (given !== undefined) return given
  const { defaultStoreFolder } = await import('@crossdock/store')
  const { env } = invocation.terminal
  return defaultStoreFolder({ env, home: env['HOME'] || undefined })
}
