import { booleanOption, choiceOption, countOption, defineOptions, type OptionsDefinition } from '@crossdock/core'

export interface DirTransportOptions {
  /**
   * `full`: files and the folder are flushed to the disk before the image changes, so that a finished copy outlives a power
   * cut. `fast`: they are not; for throw-away folders. Default: `full`.
   */
  readonly durability?: 'full' | 'fast' | undefined
  /** Whether what an interrupted download leaves is kept, and used by the next one. Default: true. */
  readonly resume?: boolean | undefined
  /** How long `commit` waits for another writer, in milliseconds. Default: 30 000. */
  readonly lockTimeoutMs?: number | undefined
}

export interface ResolvedOptions {
  readonly durable: boolean
  readonly resume: boolean
  readonly lockTimeoutMs: number
}

/** What options that come from a file or a command line have to be. */
export const definition: OptionsDefinition<DirTransportOptions> = defineOptions<DirTransportOptions>('dir', {
  durability: choiceOption('full', 'fast'),
  resume: booleanOption,
  lockTimeoutMs: countOption,
})

/** Applies the defaults, once. Throws `INVALID_DATA` for values that make no sense. */
export function resolveOptions(options: DirTransportOptions): ResolvedOptions {
  definition.check(options)
  const { durability = 'full', resume = true, lockTimeoutMs = 30_000 } = options
  return Object.freeze({ durable: durability === 'full', resume, lockTimeoutMs })
}
