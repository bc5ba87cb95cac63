import {
  ImageError,
  type ImageErrorOptions,
  type ImageReference,
  imageName,
  type OperationOptions,
  type ProgressEvent,
  quoteForeign,
  report,
  type Side,
} from '@crossdock/core'

/** How long an operation that was aborted may still take to close what it opened. */
const GRACE_MS = 10_000

/** One copy under way: its signal always exists, and its listener also collects the warnings for the result. */
export interface Operation extends OperationOptions {
  readonly signal: AbortSignal
  readonly onProgress: (event: ProgressEvent) => void
  readonly warnings: readonly string[]
  /** The same operation, ended by this signal as well. */
  under(signal: AbortSignal): Operation
}

/**
 * Runs `work` as one operation. Once it has ended, its listener hears nothing more: what an abort left to close in the
 * background is nobody's business.
 */
export async function runOperation<Value>(
  options: OperationOptions,
  work: (operation: Operation) => Promise<Value>,
): Promise<Value> {
  options.signal?.throwIfAborted()
  const warnings: string[] = []
  let ended = false
  const onProgress = (event: ProgressEvent): void => {
    if (ended) return
    if (event.type === 'note' && event.level === 'warning') {
      if (warnings.includes(event.message)) return
      warnings.push(event.message)
    }
    report(options, event)
  }
  const make = (signal: AbortSignal): Operation => ({
    signal,
    onProgress,
    warnings,
    under: (other) => make(AbortSignal.any([signal, other])),
  })
  try {
    return await untilAbandoned(work(make(options.signal ?? new AbortController().signal)), options.signal)
  } finally {
    ended = true
  }
}

/**
 * What an abort does not end in time is left behind: a transport that does not listen to its signal must not hold up those who
 * do. It rejects with the abort reason then.
 */
async function untilAbandoned<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return await work
  const { promise: abandoned, reject } = Promise.withResolvers<never>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const wait = (): void => {
    timer = setTimeout(() => reject(signal.reason), GRACE_MS)
  }
  signal.addEventListener('abort', wait, { once: true })
  if (signal.aborted) wait()
  try {
    return await Promise.race([work, abandoned])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', wait)
  }
}

/** Runs a call on one side of the copy; its failure says which side and image that was. The abort reason passes as it is. */
export async function onSide<Value>(
  side: Side,
  reference: ImageReference,
  call: () => Promise<Value>,
  signal?: AbortSignal,
): Promise<Value> {
  try {
    return await call()
  } catch (error) {
    throw sided(error, side, reference, signal)
  }
}

export function sided(error: unknown, side: Side, reference: ImageReference, signal?: AbortSignal): unknown {
  if (signal?.aborted === true && error === signal.reason) return error
  const where = { side, image: imageName(reference) }
  if (error instanceof ImageError || isSystemError(error)) return ImageError.from(error, 'IO', where)
  return brokenContract(reference, `it failed with ${quoteForeign(String(error))}`, { ...where, cause: error })
}

/** What the operating system refused; everything else that is no `ImageError` is a defect of somebody's code. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

/** A transport did what none may do; the message names it. */
export function brokenContract(reference: ImageReference, what: string, options: ImageErrorOptions): ImageError {
  const { name, '~transport': mark } = reference.transport
  const message = `the transport "${quoteForeign(name, 60)}" of ${quoteForeign(mark.vendor, 60)} breaks its contract: ${what}`
  return new ImageError('CONTRACT_MISMATCH', message, options)
}
