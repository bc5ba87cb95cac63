export { defaultTransports } from './default-transports.ts'
export type { DefaultTransportsOptions } from './default-transports.ts'
