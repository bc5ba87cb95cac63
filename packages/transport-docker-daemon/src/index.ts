export { dockerDaemonTransport } from './transport.ts'
export type { DockerDaemonReference, DockerDaemonTransport } from './transport.ts'
export type { DockerDaemonTransportOptions } from './options.ts'
export { plugin } from './plugin.ts'
