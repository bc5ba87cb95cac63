import type { Terminal } from './invocation.ts'
import type { Writer } from './streams/writer.ts'

const VARIABLE = 'NODE_TLS_REJECT_UNAUTHORIZED'

/**
 * By this variable Node.js would switch verification off for every host. Here only the flag of a command does so, for its
 * registries. It is taken away, so that Node.js does not say that certificates are not verified.
 */
export function ignoreUnverifiedTls({ env }: Terminal, writer: Writer): void {
  if (env[VARIABLE] !== '0') return
  writer.note(`warning: ${VARIABLE}=0 is not heeded; use --tls-verify=false for registries to trust\n`)
  delete process.env[VARIABLE]
}
