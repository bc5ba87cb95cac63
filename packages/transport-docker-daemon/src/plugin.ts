import type { TransportPlugin } from '@crossdock/core'
import { definition, type DockerDaemonTransportOptions } from './options.ts'
import { dockerDaemonTransport, type DockerDaemonTransport } from './transport.ts'

/** What the command loads by this package's name. */
export const plugin: TransportPlugin<DockerDaemonTransportOptions, DockerDaemonTransport> = {
  name: 'docker-daemon',
  options: definition.schema,
  create: dockerDaemonTransport,
}
