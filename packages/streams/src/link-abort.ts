/** A controller that is aborted with `signal`, until `unlink` is called: long-lived signals collect no listeners. */
export function linkAbort(signal: AbortSignal | undefined): { controller: AbortController; unlink: () => void } {
  const controller = new AbortController()
  const forward = (): void => controller.abort(signal?.reason)
  if (signal?.aborted === true) forward()
  else signal?.addEventListener('abort', forward, { once: true })
  return { controller, unlink: () => signal?.removeEventListener('abort', forward) }
}
