import assert from 'node:assert/strict'
import { ImageError, type ImageErrorCode } from '@crossdock/core'

/** The call rejects with an `ImageError` of this code. */
export async function assertFails(code: ImageErrorCode, what: string, run: () => Promise<unknown>): Promise<void> {
  const outcome = await run().then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  assert.ok(outcome !== undefined, `${what}: it succeeded`)
  const { error } = outcome
  assert.ok(error instanceof ImageError, `${what}: ${String(error)} is not an ImageError`)
  assert.equal(error.code, code, `${what}: ${error.message}`)
}
