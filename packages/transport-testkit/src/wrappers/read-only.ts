import type { ImageTransport } from '@crossdock/core'
import { wrapTransport } from './wrap-transport.ts'

/** The same transport without anything that writes: no `openDestination`, no `delete`. */
export function readOnly<Name extends string>(transport: ImageTransport<Name>): ImageTransport<Name> {
  return wrapTransport(transport, {
    reference: (reference) => {
      const reading = { ...reference }
      delete reading.openDestination
      delete reading.delete
      return reading
    },
  })
}
