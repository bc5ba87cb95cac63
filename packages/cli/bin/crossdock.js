#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 20)) {
  process.stderr.write(`crossdock needs Node.js 22.20 or newer; this is ${process.version}.\n`)
  process.exit(1)
}

const argv = process.argv.slice(2)
if (!(isVersion(argv) && printVersion())) {
  enableCodeCache()
  const { main, crashLine } = await import('../dist/bundle/main.js')
  process.on('uncaughtException', (error) => {
    process.stderr.write(crashLine(error))
    process.exit(1)
  })
  process.exitCode = await main(argv, process)
}

function isVersion([flag, ...more]) {
  return (flag === '--version' || flag === '-v') && more.length === 0
}

/** Answered before anything is loaded. False if it could not be written: the long way says why. */
function printVersion() {
  const { readFileSync, writeSync } = process.getBuiltinModule('node:fs')
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  try {
    writeSync(1, `${version}\n`)
    return true
  } catch {
    return false
  }
}

/** Compiled code is kept where only the user writes: it is run. Never in the folder for temporary files, as Node.js would. */
function enableCodeCache() {
  const { XDG_CACHE_HOME, LOCALAPPDATA, HOME } = process.env
  const cache = XDG_CACHE_HOME || LOCALAPPDATA || (HOME && `${HOME}/.cache`)
  if (!cache) return
  const folder = `${cache}/crossdock/code`
  if (makeFolders([cache, `${cache}/crossdock`, folder])) {
    process.getBuiltinModule('node:module').enableCompileCache(folder)
  }
}

/** One by one: there are file systems on which Node.js never ends to make several at once. False if it cannot be done. */
function makeFolders(folders) {
  const { existsSync, mkdirSync } = process.getBuiltinModule('node:fs')
  try {
    for (const folder of existsSync(folders.at(-1)) ? [] : folders) {
      if (!existsSync(folder)) mkdirSync(folder, 0o700)
    }
    return true
  } catch {
    return false
  }
}
