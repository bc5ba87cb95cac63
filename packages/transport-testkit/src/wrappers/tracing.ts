import type { Digest, ImageReference, ImageTransport } from '@crossdock/core'
import { forwardDestination, forwardReference, forwardSource, type Listener } from './forward.ts'
import { wrapTransport } from './wrap-transport.ts'

/** One call of a method of the contract. */
export interface TracedCall {
  /** `source.getBlob`, `destination.commit`, `reference.delete` … */
  readonly method: string
  /** Within the transport, as its reference prints itself. */
  readonly reference: string
  /** What the call is about, if it is about content. */
  readonly digest?: Digest | undefined
  /** Of `source.getBlob`: where reading begins. */
  readonly offset?: number | undefined
}

/** The same transport; every call of its references, sources and destinations is added to `log` as it begins. */
export function tracing<Name extends string>(transport: ImageTransport<Name>, log: TracedCall[]): ImageTransport<Name> {
  const listener =
    (kind: string, reference: ImageReference): Listener =>
    (method, about) =>
      void log.push({ method: `${kind}.${method}`, reference: reference.toString(), ...about })
  return wrapTransport(transport, {
    reference: (reference) => forwardReference(reference, listener('reference', reference)),
    source: (source) => forwardSource(source, listener('source', source.reference)),
    destination: (destination) => forwardDestination(destination, listener('destination', destination.reference)),
  })
}
