import type { TransportPlugin } from '@crossdock/core'
import { definition, type StoreTransportOptions } from './options.ts'
import { type StoreTransport, storeTransport } from './transport.ts'

/** What the command loads by this package's name. */
export const plugin: TransportPlugin<StoreTransportOptions, StoreTransport> = {
  name: 'store',
  options: definition.schema,
  create: storeTransport,
}
