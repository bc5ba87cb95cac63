import type { Descriptor } from '@crossdock/core'
import { type Handler, SKIP, STOP } from './handler.ts'
import { createSeen } from './seen.ts'

/** Bounds how many tasks run at once; `createLimiter` of `@crossdock/streams` makes one. */
export interface TaskLimiter {
  run<Value>(task: () => Promise<Value>, options: { readonly signal: AbortSignal }): Promise<Value>
}

export interface DispatchOptions {
  readonly limiter: TaskLimiter
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks the handler for everything that the roots reach, each once, neighbours at the same time. While a descriptor waits for what lies
 * below it, it takes nothing of the limit.
 *
 * The first failure aborts the signal that the others were given; when all have ended it is thrown.
 */
export async function dispatch(
  roots: readonly Descriptor[],
  handler: Handler,
  { limiter, signal: given }: DispatchOptions,
): Promise<void> {
  const controller = new AbortController()
  const signal = given === undefined ? controller.signal : AbortSignal.any([given, controller.signal])
  const isNew = createSeen()
  let failure: { readonly reason: unknown } | undefined

  async function visit(descriptor: Descriptor, depth: number): Promise<void> {
    const answer = await limiter.run(async () => handler(descriptor, { depth, signal }), { signal })
    if (answer === STOP) controller.abort(STOP)
    else if (answer !== SKIP) await visitAll(answer, depth + 1)
  }

  async function visitAll(descriptors: readonly Descriptor[], depth: number): Promise<void> {
    const visits = descriptors.filter(isNew).map(async (descriptor) => {
      try {
        await visit(descriptor, depth)
      } catch (reason) {
        if (signal.reason === STOP) return
        failure ??= { reason }
        controller.abort(reason)
      }
    })
    await Promise.all(visits)
  }

  given?.throwIfAborted()
  await visitAll(roots, 0)
  if (failure !== undefined) throw failure.reason
}
