import { ImageError, quoteForeign } from '@crossdock/core'
import type { Database } from './database/database.ts'
import type { LayoutProjection } from './layout/create-projection.ts'
import type { NameProjection } from './names/name-projection.ts'

/** What the parts of a store share: where it is, and who looks at it. */
export interface StoreContext {
  /** The absolute path of the layout folder. */
  readonly folder: string
  readonly database: Database
  /** Whether what is written is on the disk when it is reported as done. */
  readonly durable: boolean
  readonly namespace: string
  /** The id of the lease that everything brought in joins. */
  readonly lease?: string | undefined
  readonly clock: Clock
  /** `index.json`, and the lock of the folder. */
  readonly layout: LayoutProjection
  /** Keeps `index.json` and the names of this namespace the same. */
  readonly projection: NameProjection
}

export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** What records of images are given instead of the time (reproducible-builds.org, SOURCE_DATE_EPOCH), in the same unit. */
  readonly fixed?: number | undefined
}

/** The namespace that `index.json` shows. */
export const DEFAULT_NAMESPACE = 'default'

const MAX_IDENTIFIER_CHARACTERS = 76

/** Throws `INVALID_DATA` unless the text can name a namespace: letters and digits, with single `.`, `_` and `-` between. */
export function checkNamespace(text: string): string {
  if (text.length <= MAX_IDENTIFIER_CHARACTERS && /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/.test(text)) return text
  throw new ImageError(
    'INVALID_DATA',
    `"${quoteForeign(text, 100)}" cannot name a namespace: 1 to ${MAX_IDENTIFIER_CHARACTERS} letters and digits, ` +
      'with single ".", "_" and "-" between them',
  )
}
