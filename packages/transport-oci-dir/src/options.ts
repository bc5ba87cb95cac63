import { resolve } from 'node:path'
import {
  booleanOption,
  choiceOption,
  countOption,
  defineOptions,
  optionCheck,
  type OptionsDefinition,
} from '@crossdock/core'

export interface OciDirTransportOptions {
  /**
   * `full`: files and folders are flushed to the disk before the name changes, so that a finished copy outlives a power
   * cut. `fast`: they are not; for throw-away folders. Default: `full`.
   */
  readonly durability?: 'full' | 'fast' | undefined
  /** Whether what an interrupted download leaves is kept, and used by the next one. Default: true. */
  readonly resume?: boolean | undefined
  /**
   * A folder for blobs that several layouts share, instead of each layout's own `blobs`; its form is the same
   * (`sha256/<hex>`). Never cleaned by `delete`. Default: none.
   */
  readonly sharedBlobDir?: string | undefined
  /** How long `commit` and `delete` wait for another writer, in milliseconds. Default: 30 000. */
  readonly lockTimeoutMs?: number | undefined
  /** The largest `index.json` that is read or written, in bytes. Default: 16 MiB. */
  readonly maxIndexBytes?: number | undefined
}

export interface ResolvedOptions {
  readonly durable: boolean
  readonly resume: boolean
  readonly sharedBlobDir: string | undefined
  readonly lockTimeoutMs: number
  readonly maxIndexBytes: number
}

/** What options that come from a file or a command line have to be. */
export const definition: OptionsDefinition<OciDirTransportOptions> = defineOptions<OciDirTransportOptions>('oci', {
  durability: choiceOption('full', 'fast'),
  resume: booleanOption,
  sharedBlobDir: optionCheck('the path of a folder', (value) => typeof value === 'string' && value !== ''),
  lockTimeoutMs: countOption,
  maxIndexBytes: countOption,
})

/** Applies the defaults, once. Throws `INVALID_DATA` for values that make no sense. */
export function resolveOptions(options: OciDirTransportOptions): ResolvedOptions {
  definition.check(options)
  const { durability = 'full', resume = true, sharedBlobDir } = options
  const { lockTimeoutMs = 30_000, maxIndexBytes = 16 * 1024 * 1024 } = options
  return Object.freeze({
    durable: durability === 'full',
    resume,
    sharedBlobDir: sharedBlobDir === undefined ? undefined : resolve(sharedBlobDir),
    lockTimeoutMs,
    maxIndexBytes,
  })
}
