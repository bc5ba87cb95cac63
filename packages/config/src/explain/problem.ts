import { ImageError } from '@crossdock/core'

/** A failure that belongs to the answer; others are rethrown. */
export function problemOf(error: unknown): string {
  if (error instanceof ImageError) return error.message
  throw error
}
