export { dirTransport } from './transport.ts'
export type { DirReference, DirTransport } from './transport.ts'
export type { DirTransportOptions } from './options.ts'
export { plugin } from './plugin.ts'
