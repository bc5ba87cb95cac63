// Runs the command several times in one process: SCRIPT, and on its input a JSON list of argument lists. Prints the exit codes.
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'

const { main } = (await import(pathToFileURL(process.argv[2] ?? '').href)) as {
  main: (argv: readonly string[], terminal: NodeJS.Process) => Promise<number>
}
const codes: number[] = []
for (const argv of JSON.parse(await text(process.stdin)) as string[][]) codes.push(await main(argv, process))
process.stdout.write(JSON.stringify(codes))
