import { folderStorage, startRegistry } from '../src/index.ts'

// A server in a process of its own, for tests that kill it: prints its address, then serves until then.
const [, , folder = ''] = process.argv
const server = await startRegistry({ storage: folderStorage(folder), bytesPerSecond: 20_000_000 })
console.log(server.url.href)
