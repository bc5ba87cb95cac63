import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** With `ca.pem`, `cert.pem` and `key.pem`. */
export const certificateFolder: string = fileURLToPath(new URL('fixtures/certificates', import.meta.url))

const pem = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')

/** What an engine has that takes those certificates. */
export const ENGINE_TLS = {
  cert: pem('engine/cert.pem'),
  key: pem('engine/key.pem'),
  ca: pem('certificates/ca.pem'),
} as const
