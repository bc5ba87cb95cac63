/** The registry of this project as a process: `embedded-registry.ts PORT FOLDER [CERTIFICATE KEY]`. */
import { readFileSync } from 'node:fs'
import { folderStorage, startRegistry } from '@crossdock/registry-server'

const [port, folder = '', certificate, key] = process.argv.slice(2)
const tls =
  certificate === undefined || key === undefined
    ? undefined
    : { cert: readFileSync(certificate), key: readFileSync(key) }
await startRegistry({ port: Number(port), storage: folderStorage(folder), tls })
