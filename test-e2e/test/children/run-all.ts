// Runs the command several times in one process: SCRIPT, and on its input a JSON list of argument lists. Prints, in a last line, for
// each its exit code and what the process holds afterwards.
import { existsSync, readdirSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

const FILES = '/proc/self/fd'
const { main } = (await import(pathToFileURL(process.argv[2] ?? '').href)) as {
  main: (argv: readonly string[], terminal: NodeJS.Process) => Promise<number>
}
const calls = JSON.parse(await text(process.stdin)) as string[][]
const outcomes: object[] = []
for (const argv of calls) {
  const exitCode = await main(argv, process)
  await turn() // what was closed just now is gone then
  const resources = process.getActiveResourcesInfo()
  outcomes.push({
    exitCode,
    residentBytes: process.memoryUsage.rss(),
    openFiles: existsSync(FILES) ? readdirSync(FILES).length : 0,
    sockets: resources.filter((kind) => kind.startsWith('TCP')).length,
    timers: resources.filter((kind) => kind === 'Timeout').length,
  })
}
process.stdout.write(JSON.stringify(outcomes))
