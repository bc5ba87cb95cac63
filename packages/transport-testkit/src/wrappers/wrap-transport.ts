import type { ImageDestination, ImageReference, ImageSource, ImageTransport } from '@crossdock/core'
import { forwardDestination, forwardReference, forwardSource } from './forward.ts'

/** What becomes of the values that a transport hands out. Each gets a copy that it may change or replace. */
export interface TransportWrapping {
  readonly reference?: ((reference: ImageReference) => ImageReference) | undefined
  readonly source?: ((source: ImageSource) => ImageSource) | undefined
  readonly destination?: ((destination: ImageDestination) => ImageDestination) | undefined
}

/** A transport whose references, sources and destinations are wrapped, and which they name as theirs. */
export function wrapTransport<Name extends string>(
  transport: ImageTransport<Name>,
  wrapping: TransportWrapping,
): ImageTransport<Name> {
  const close = transport.close?.bind(transport)
  const wrapped: ImageTransport<Name> = {
    '~transport': transport['~transport'],
    name: transport.name,
    parseReference: (text) => wrapReference(transport.parseReference(text), wrapped, wrapping),
    validatePolicyScope: (scope) => transport.validatePolicyScope(scope),
    ...(close && { close }),
  }
  return Object.freeze(wrapped)
}

function wrapReference(
  original: ImageReference,
  transport: ImageTransport,
  wrapping: TransportWrapping,
): ImageReference {
  const forwarded = forwardReference(original)
  const openSource = forwarded.openSource?.bind(forwarded)
  const openDestination = forwarded.openDestination?.bind(forwarded)
  const resolve = forwarded.resolve?.bind(forwarded)
  const reference: ImageReference = {
    ...forwarded,
    transport,
    ...(openSource && {
      openSource: async (options) => {
        const source = { ...forwardSource(await openSource(options)), reference }
        return wrapping.source?.(source) ?? source
      },
    }),
    ...(openDestination && {
      openDestination: async (options) => {
        const destination = { ...forwardDestination(await openDestination(options)), reference }
        return wrapping.destination?.(destination) ?? destination
      },
    }),
    ...(resolve && { resolve: async (options) => wrapReference(await resolve(options), transport, wrapping) }),
  }
  return Object.freeze(wrapping.reference?.(reference) ?? reference)
}
