#!/usr/bin/env node
import module from 'node:module'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 20)) {
  process.stderr.write(`crossdock needs Node.js 22.20 or newer; this is ${process.version}.\n`)
  process.exit(1)
}
module.enableCompileCache()
const { main } = await import('../dist/bundle/main.js')
process.exitCode = await main(process.argv.slice(2), process)
