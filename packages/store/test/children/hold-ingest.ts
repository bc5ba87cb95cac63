// Opens an ingest of a store, writes so many bytes to it, says so, and goes on holding it: FOLDER REF BYTES
import { openStore } from '../../src/open-store.ts'

const [folder = '', ref = '', bytes = '0'] = process.argv.slice(2)
const store = await openStore({ folder })
const ingest = await store.content.ingest({ ref })
await ingest.write(new Uint8Array(Number(bytes)).fill(1))
process.stdout.write('held\n')
setInterval(() => undefined, 1000)
