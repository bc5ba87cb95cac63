import type { Terminal } from './invocation.ts'
import type { Writer } from './streams/writer.ts'

/** Node.js would switch off verification for every host by this variable; here it is switched off by name of the registry's end. */
export function warnOfUnverifiedTls({ env }: Terminal, writer: Writer): void {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return
  writer.note('warning: NODE_TLS_REJECT_UNAUTHORIZED=0 is not heeded; use --tls-verify=false for registries to trust\n')
}
