import type { Descriptor, Digest, ImageDestination, ImageReference, ImageSource, ImageTransport } from '@crossdock/core'
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
  return wrapTransport(transport, {
    reference: (reference) => traceReference(reference, log),
    source: (source) => traceSource(source, log),
    destination: (destination) => traceDestination(destination, log),
  })
}

type About = Pick<TracedCall, 'digest' | 'offset'>

function traced<Arguments extends readonly unknown[], Result>(
  call: (...values: Arguments) => Result,
  note: (...values: Arguments) => void,
): (...values: Arguments) => Result {
  return (...values) => {
    note(...values)
    return call(...values)
  }
}

function notes(kind: string, reference: ImageReference, log: TracedCall[]): (method: string, about?: About) => void {
  return (method, about) => void log.push({ method: `${kind}.${method}`, reference: reference.toString(), ...about })
}

function traceReference(reference: ImageReference, log: TracedCall[]): ImageReference {
  const note = notes('reference', reference, log)
  const { openSource, openDestination, tags, resolve } = reference
  const remove = reference.delete
  return {
    ...reference,
    ...(openSource && { openSource: traced(openSource, () => note('openSource')) }),
    ...(openDestination && { openDestination: traced(openDestination, () => note('openDestination')) }),
    ...(remove && { delete: traced(remove, () => note('delete')) }),
    ...(tags && { tags: traced(tags, () => note('tags')) }),
    ...(resolve && { resolve: traced(resolve, () => note('resolve')) }),
  }
}

function traceSource(source: ImageSource, log: TracedCall[]): ImageSource {
  const note = notes('source', source.reference, log)
  const { referrers } = source
  return {
    ...source,
    getManifest: traced(source.getManifest, (digest) => note('getManifest', { digest })),
    getBlob: traced(source.getBlob, ({ digest }, options) => note('getBlob', { digest, offset: options?.offset ?? 0 })),
    getSignatures: traced(source.getSignatures, (digest) => note('getSignatures', { digest })),
    ...(referrers && { referrers: traced(referrers, (digest) => note('referrers', { digest })) }),
  }
}

function traceDestination(destination: ImageDestination, log: TracedCall[]): ImageDestination {
  const note = notes('destination', destination.reference, log)
  const about =
    (method: string) =>
    ({ digest }: Pick<Descriptor, 'digest'>): void =>
      note(method, { digest })
  const { reuseBlob, findBlob, partialBlob, hasManifest, putSignatures } = destination
  return {
    ...destination,
    putBlob: traced(destination.putBlob, (_body, { digest }) => note('putBlob', { digest })),
    putManifest: traced(destination.putManifest, about('putManifest')),
    commit: traced(destination.commit, () => note('commit')),
    ...(reuseBlob && { reuseBlob: traced(reuseBlob, about('reuseBlob')) }),
    ...(findBlob && { findBlob: traced(findBlob, about('findBlob')) }),
    ...(partialBlob && { partialBlob: traced(partialBlob, about('partialBlob')) }),
    ...(hasManifest && { hasManifest: traced(hasManifest, about('hasManifest')) }),
    ...(putSignatures && {
      putSignatures: traced(putSignatures, (_list, digest) => note('putSignatures', { digest })),
    }),
  }
}
