import type { ImageReference, OperationOptions } from '@crossdock/core'
import type { Capability } from './capabilities.ts'
import type { TransportFixture } from './fixture.ts'
import type { TestImage } from './images/test-image.ts'

/** A fixture with its defaults filled in. */
export interface CaseFixture extends TransportFixture {
  readonly capabilities: ReadonlySet<Capability>
  /** How long something that has to happen promptly may take, in milliseconds. */
  readonly patienceMs: number
  seeded(image: TestImage): Promise<ImageReference>
}

/** A rule of `docs/contract.md` as something that can be run. */
export interface ConformanceCase {
  /** `topic/what-holds`. */
  readonly id: string
  /** The rule in one sentence. */
  readonly rule: string
  /** The case applies to transports that have all of these. */
  readonly needs: readonly Capability[]
  /** Rejects with an `AssertionError` if the rule is broken. */
  run(fixture: CaseFixture, operation: OperationOptions): Promise<void>
}
