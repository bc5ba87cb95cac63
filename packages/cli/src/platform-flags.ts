import { ImageError } from '@crossdock/core'
import { UsageError } from './failure.ts'
import { type Flags, textFlag } from './flags.ts'

/** What `--platform`, or the three `--override-…` together, ask for; undefined if none is given. */
export async function platformFlag(flags: Flags): Promise<string | undefined> {
  const platform = textFlag(flags, 'platform') ?? overriddenPlatform(flags)
  if (platform !== undefined) await checkPlatforms([platform])
  return platform
}

export function overriddenPlatform(flags: Flags): string | undefined {
  const os = textFlag(flags, 'overrideOs')
  const arch = textFlag(flags, 'overrideArch')
  const variant = textFlag(flags, 'overrideVariant')
  if (os === undefined && arch === undefined && variant === undefined) return undefined
  if (arch === undefined) throw new UsageError('--override-os and --override-variant need --override-arch beside them')
  return [os ?? 'linux', arch, ...(variant === undefined ? [] : [variant])].join('/')
}

/** Throws a `UsageError` for text that names no platform and no pattern of platforms. */
export async function checkPlatforms(texts: readonly string[]): Promise<void> {
  const { parsePlatformPattern } = await import('@crossdock/formats')
  for (const text of texts) {
    try {
      parsePlatformPattern(text)
    } catch (error) {
      throw error instanceof ImageError ? new UsageError(error.message) : error
    }
  }
}
