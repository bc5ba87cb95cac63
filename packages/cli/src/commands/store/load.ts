import type { CommandEntry } from '../../command-entry.ts'
import type { Call } from '../../endpoints.ts'
import { UsageError } from '../../failure.ts'
import { isSet, textFlag } from '../../flags.ts'
import { imageJudge } from '../../image-judge.ts'
import { withStore } from '../../local-store/open-store.ts'
import { formatJson, printable } from '../../output/json.ts'

export const loadCommand: CommandEntry = {
  name: 'load',
  summary: 'bring the images of an archive into the store',
  define: (command, invocation) => {
    command
      .description(
        'Reads an archive, an OCI layout in a tar or what "docker save" writes, plain or compressed, and brings every image in it into the ' +
          'store, under the names that it has there: all of them or, should one be damaged or refused, none.',
      )
      .argument('<file>', 'the archive; "-" is stdin')
      .option('--name <name>', 'the name of its one image in the store')
      .option('--prefix <repository>', 'the repository of images that have a tag alone, such as localhost/app')
      .option('--json', 'print what was loaded to stdout as JSON')
      .option('-q, --quiet', 'say nothing but errors')
      .addHelpText('after', EXAMPLES)
      .action((file: string) =>
        invocation.run((operation) => load(file, { flags: command.optsWithGlobals(), invocation, operation })),
      )
  },
}

async function load(file: string, call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const { signal } = operation
  const heard = isSet(flags, 'quiet') ? { signal } : operation
  const [name, prefix, tmpDir] = ['name', 'prefix', 'tmpdir'].map((flag) => textFlag(flags, flag))
  const admit = await imageJudge(call)
  const loaded = await withStore(
    call,
    async (store) => {
      const { loadArchive } = await import('@crossdock/store')
      return await loadArchive(store, archiveBytes(file, call), { ...heard, name, prefix, tmpDir, admit })
    },
    { create: true },
  )
  if (isSet(flags, 'json')) return await invocation.print(`${formatJson(loaded, 2)}\n`)
  if (isSet(flags, 'quiet')) return
  for (const { names, target } of loaded)
    invocation.note(printable(names.map((each) => `loaded ${each} (${target.digest})\n`).join('')))
}

async function* archiveBytes(file: string, { invocation, operation }: Call): AsyncGenerator<Uint8Array> {
  if (file === '-') {
    const { stdin } = invocation.terminal
    if (stdin === undefined || stdin.isTTY) throw new UsageError('an archive is nothing to type: send it to stdin')
    yield* stdin
    return
  }
  const { openFile, readAccess } = await import('@crossdock/archive')
  await using access = await openFile(file)
  yield* readAccess(access, operation)
}

const EXAMPLES = `
Examples:
  docker save alpine:3.20 | crossdock store load -
  crossdock store load --prefix localhost/app ./images.tar
`
