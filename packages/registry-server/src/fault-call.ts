import type { Exchange, Registry } from './exchange.ts'
import type { FaultAction } from './fault-action.ts'
import type { Reply } from './reply.ts'

export type Next = (exchange: Exchange) => Promise<Reply>

/** What a fault has at hand: it may change the request, the answer, or neither ask for one. */
export interface FaultCall {
  readonly exchange: Exchange
  readonly next: Next
  readonly registry: Registry
  /** Requests that the same rule hit before. */
  readonly earlier: number
}

/** One small function for each kind. */
export type Faults<Action extends FaultAction> = {
  readonly [Kind in Action['kind']]: (action: Extract<Action, { kind: Kind }>, call: FaultCall) => Promise<Reply>
}

/** Ends the connection when it reaches the sender: thrown instead of an answer, or by its body. */
export class ConnectionEnd extends Error {
  readonly how: 'cut' | 'reset'

  constructor(how: 'cut' | 'reset') {
    super(`connection ${how}`)
    this.how = how
  }
}

/** The answer with another body; nothing happens to one without. */
export function withBody(
  reply: Reply,
  size: number | undefined,
  change: (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
): Reply {
  const { body } = reply
  return body === undefined ? reply : { ...reply, body: { size, open: () => change(body.open()) } }
}

/** The answer with other headers; null leaves one out. */
export function withHeaders(reply: Reply, changes: Readonly<Record<string, string | null>>): Reply {
  const all: Record<string, string | readonly string[] | null> = { ...reply.headers, ...changes }
  const headers: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(all)) if (value !== null) headers[name] = value
  return { ...reply, headers }
}
