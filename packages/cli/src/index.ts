export { crashLine } from './failure.ts'
export { main } from './main.ts'
export type { Terminal } from './invocation.ts'
