import { resolve } from 'node:path'
import { ImageError, quoteForeign } from '@crossdock/core'

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

/** Applies the defaults, once. Throws `INVALID_DATA` for values that make no sense. */
export function resolveOptions(options: OciDirTransportOptions): ResolvedOptions {
  const checked = checkOptions(options)
  if ('problem' in checked) throw new ImageError('INVALID_DATA', `options of the transport "oci": ${checked.problem}`)
  const { durability = 'full', resume = true, sharedBlobDir } = checked.options
  const { lockTimeoutMs = 30_000, maxIndexBytes = 16 * 1024 * 1024 } = checked.options
  return Object.freeze({
    durable: durability === 'full',
    resume,
    sharedBlobDir: sharedBlobDir === undefined ? undefined : resolve(sharedBlobDir),
    lockTimeoutMs,
    maxIndexBytes,
  })
}

type CheckedOptions =
  | { readonly options: OciDirTransportOptions }
  | { readonly problem: string; readonly path: readonly string[] }

type Check = { readonly is: string; readonly fits: (value: unknown) => boolean }

const BOOLEAN: Check = { is: 'true or false', fits: (value) => typeof value === 'boolean' }
const COUNT: Check = { is: 'a whole number from 0', fits: (value) => Number.isSafeInteger(value) && Number(value) >= 0 }
const CHECKS: ReadonlyMap<string, Check> = new Map<keyof OciDirTransportOptions, Check>([
  ['durability', { is: '"full" or "fast"', fits: (value) => value === 'full' || value === 'fast' }],
  ['resume', BOOLEAN],
  ['sharedBlobDir', { is: 'the path of a folder', fits: (value) => typeof value === 'string' && value !== '' }],
  ['lockTimeoutMs', COUNT],
  ['maxIndexBytes', COUNT],
])

/** Checks options that may come from a file or a command line. */
export function checkOptions(value: unknown): CheckedOptions {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { problem: 'they must be an object', path: [] }
  for (const [name, given] of Object.entries(value)) {
    const check = CHECKS.get(name)
    if (check === undefined) {
      return {
        problem: `there is no option "${quoteForeign(name, 60)}" (known: ${[...CHECKS.keys()].join(', ')})`,
        path: [name],
      }
    }
    if (given !== undefined && !check.fits(given)) return { problem: `"${name}" must be ${check.is}`, path: [name] }
  }
  return { options: value } // every field was checked above
}
