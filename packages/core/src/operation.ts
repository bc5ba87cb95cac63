import type { ProgressEvent } from './progress.ts'

/**
 * What every operation takes. Closed: settings of one transport belong to its factory, settings of one image to its
 * reference.
 */
export interface OperationOptions {
  /** Ends the operation promptly; it then rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined
  /** Told what happens. It is not awaited, and what it throws or rejects with is ignored. */
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined
}

/** Hands an event to the listener, if there is one; a listener that throws does not disturb the operation. */
export function report(options: OperationOptions | undefined, event: ProgressEvent): void {
  try {
    const answer: unknown = options?.onProgress?.(event)
    if (answer instanceof Promise) answer.catch(ignore) // an async listener fits the type too
  } catch {
    // A broken listener is the listener's problem: the copy goes on.
  }
}

function ignore(): void {}
