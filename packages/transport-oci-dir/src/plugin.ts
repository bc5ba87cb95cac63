import type { TransportPlugin } from '@crossdock/core'
import { definition, type OciDirTransportOptions } from './options.ts'
import { ociDirTransport, type OciDirTransport } from './transport.ts'

/** What the command loads by this package's name. */
export const plugin: TransportPlugin<OciDirTransportOptions, OciDirTransport> = {
  name: 'oci',
  options: definition.schema,
  create: ociDirTransport,
}
