import type { TransportPlugin } from '@crossdock/core'
import { definition, type DirTransportOptions } from './options.ts'
import { dirTransport, type DirTransport } from './transport.ts'

/** What the command loads by this package's name. */
export const plugin: TransportPlugin<DirTransportOptions, DirTransport> = {
  name: 'dir',
  options: definition.schema,
  create: dirTransport,
}
