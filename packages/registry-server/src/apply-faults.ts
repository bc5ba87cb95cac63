import { ANSWER_FAULTS } from './answer-faults.ts'
import { CONNECTION_FAULTS } from './connection-faults.ts'
import { CONTENT_FAULTS } from './content-faults.ts'
import type { Exchange, Registry } from './exchange.ts'
import type { FaultAction } from './fault-action.ts'
import type { FaultCall, Faults, Next } from './fault-call.ts'
import type { FaultHit } from './faults.ts'
import { PROTOCOL_FAULTS } from './protocol-faults.ts'
import type { Reply } from './reply.ts'

const FAULTS: Faults<FaultAction> = { ...CONNECTION_FAULTS, ...CONTENT_FAULTS, ...ANSWER_FAULTS, ...PROTOCOL_FAULTS }

/** Handles a request through the faults that hit it, the first one outermost. */
export async function applyFaults(
  registry: Registry,
  { exchange, hits }: { readonly exchange: Exchange; readonly hits: readonly FaultHit[] },
  handle: Next,
): Promise<Reply> {
  const chain = hits.reduceRight<Next>(
    (next, { action, earlier }) =>
      async (current) =>
        await run(action, { exchange: current, next, registry, earlier }),
    handle,
  )
  return await chain(exchange)
}

async function run(action: FaultAction, call: FaultCall): Promise<Reply> {
  // The table has, under each kind, the function for actions of that kind; the type system does not relate the two.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const fault = FAULTS[action.kind] as (action: FaultAction, call: FaultCall) => Promise<Reply>
  return await fault(action, call)
}
