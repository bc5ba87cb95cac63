import { WIRE } from '../network-error.ts'

/** What is told when a server has closed a connection. */
const CLOSED: ReadonlySet<unknown> = new Set([WIRE.closed, 'ECONNRESET', 'EPIPE'])

const stale = new WeakSet<object>()

/** For what failed on a connection that was used before, before anything of an answer came. */
export function markStale(reason: unknown): void {
  if (reason instanceof Error && 'code' in reason && CLOSED.has(reason.code)) stale.add(reason)
}

/** Whether the server had closed a connection that was kept, most likely before it saw anything of the request. */
export function isStale(reason: unknown): boolean {
  return typeof reason === 'object' && reason !== null && stale.has(reason)
}
