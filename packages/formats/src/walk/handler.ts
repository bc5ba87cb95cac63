import type { Descriptor } from '@crossdock/core'

export interface HandlerOptions {
  /** How many documents lie above. 0 for what the walk begins with. */
  readonly depth: number
  readonly signal?: AbortSignal | undefined
}

/** A handler's answer: nothing below this descriptor is visited, whatever other handlers say of it. */
export const SKIP: unique symbol = Symbol('skip')

/**
 * A handler's answer: no other is to be asked. Among `handlers` what earlier ones answered holds; given to a walk it ends the walk,
 * without an error.
 */
export const STOP: unique symbol = Symbol('stop')

/** What is to be visited below a descriptor. */
export type Answer = readonly Descriptor[] | typeof SKIP | typeof STOP

/** Is asked for each descriptor of a graph, and may do with it what it likes. What it throws ends the walk. */
export type Handler = (descriptor: Descriptor, options: HandlerOptions) => Answer | Promise<Answer>

/** Several handlers as one: asked in order, their answers put together. */
export function handlers(...list: readonly Handler[]): Handler {
  return async (descriptor, options) => {
    let below: readonly Descriptor[] = []
    for (const handle of list) {
      const answer = await handle(descriptor, options)
      if (answer === SKIP) return SKIP
      if (answer === STOP) break
      below = [...below, ...answer]
    }
    return below
  }
}
