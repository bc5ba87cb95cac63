export { ociDirTransport } from './transport.ts'
export type { OciDirReference, OciDirTransport } from './transport.ts'
export type { OciDirTransportOptions } from './options.ts'
export { plugin } from './plugin.ts'
