/** Waits. An abort ends it at once with the signal's reason; no timer is left. */
export async function delay(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    await raceSignal(
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms)
      }),
      signal,
    )
  } finally {
    clearTimeout(timer)
  }
}

/**
 * The promise, or a rejection with the signal's reason if that comes first. The work behind the promise goes on unless it
 * watches the signal itself; its late failure is not reported as unhandled. No listener is left on the signal.
 */
export async function raceSignal<Value>(promise: Promise<Value>, signal?: AbortSignal): Promise<Value> {
  if (signal === undefined) return await promise
  const { promise: raced, resolve, reject } = Promise.withResolvers<Value>()
  const stop = (): void => reject(signal.reason)
  promise.then(resolve, reject)
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  try {
    return await raced
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
