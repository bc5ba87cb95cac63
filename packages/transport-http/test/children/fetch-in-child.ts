import { httpTransport } from '../../src/index.ts'

// Fetches an archive, and is killed while it does.
const [reference = '', cacheFolder = ''] = process.argv.slice(2)
await httpTransport({ cacheFolder, proxy: false }).parseReference(reference).openSource()
process.exit(3) // it should not have come this far
