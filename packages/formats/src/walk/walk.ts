import type { Descriptor } from '@crossdock/core'
import { type Handler, SKIP, STOP } from './handler.ts'
import { createSeen } from './seen.ts'

export interface WalkOptions {
  readonly signal?: AbortSignal | undefined
}

/**
 * Everything that the roots reach by what the handler answers, one after the other: each once, after the handler was asked for it,
 * before what lies below it, and that before its neighbours. Whoever has seen enough leaves the loop.
 *
 * Throws what the handler throws, and the reason of an abort.
 */
export async function* walk(
  roots: readonly Descriptor[],
  handler: Handler,
  { signal }: WalkOptions = {},
): AsyncGenerator<Descriptor, void, undefined> {
  const isNew = createSeen()
  const open: Step[] = [{ rest: roots.values(), depth: 0 }]
  for (let step = open.at(-1); step !== undefined; step = open.at(-1)) {
    const { value: descriptor } = step.rest.next()
    if (descriptor === undefined) open.pop()
    else if (isNew(descriptor)) {
      signal?.throwIfAborted()
      const { depth } = step
      const answer = await handler(descriptor, { depth, signal })
      yield descriptor
      if (answer === STOP) return
      if (answer !== SKIP) open.push({ rest: answer.values(), depth: depth + 1 })
    }
  }
}

/** Neighbours that wait to be visited. */
interface Step {
  readonly rest: Iterator<Descriptor, undefined>
  readonly depth: number
}
