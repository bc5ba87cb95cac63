import { once } from 'node:events'
import { ImageError, quoteForeign } from '@crossdock/core'
import type { CommandEntry } from '../command-entry.ts'
import { UsageError } from '../failure.ts'
import { type Flags, isSet, textFlag, wholeNumber } from '../flags.ts'
import type { Invocation } from '../invocation.ts'

export const registryCommand: CommandEntry = {
  name: 'registry',
  summary: 'run a registry',
  define: (registry, invocation) => {
    const command = registry
      .description('A registry in this process.')
      .command('serve')
      .summary('serve a registry until interrupted')
      .description(
        'Serves the OCI distribution API until it is interrupted, and prints its address to stdout once it listens. ' +
          'Without --dir everything is kept in memory and gone afterwards.',
      )
      .option('--dir <folder>', 'keep the content in this folder')
      .option('--address <host>', 'address to listen on', '127.0.0.1')
      .option('-p, --port <port>', 'port to listen on; 0 takes a free one', wholeNumber(0), 5000)
      .option('--user <user:password>', 'ask for these credentials')
      .option('--read-only', 'refuse every change')
    command.action(() => invocation.run(({ signal }) => serve(command.optsWithGlobals(), invocation, signal)))
  },
}

async function serve(flags: Flags, invocation: Invocation, signal: AbortSignal): Promise<void> {
  const { folderStorage, memoryStorage, startRegistry } = await import('@crossdock/registry-server')
  const dir = textFlag(flags, 'dir')
  const server = await startRegistry({
    storage: dir === undefined ? memoryStorage() : folderStorage(dir),
    host: textFlag(flags, 'address'),
    port: Number(flags['port']),
    readOnly: isSet(flags, 'readOnly'),
    maxRecordedRequests: 0,
    auth: basicAuth(textFlag(flags, 'user')),
  }).catch((error: unknown) => {
    throw cannotListen(error) ?? error
  })
  try {
    await invocation.print(`${server.url.href}\n`)
    invocation.note(`serving ${dir === undefined ? 'from memory' : quoteForeign(dir)}; Ctrl-C ends it\n`)
    if (!signal.aborted) await once(signal, 'abort')
  } finally {
    await server.close()
  }
}

/** What the operating system says of an address that cannot be listened on; undefined for any other failure. */
function cannotListen(error: unknown): ImageError | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || error.syscall !== 'listen') return undefined
  const message = `the registry cannot listen: ${quoteForeign(error.message)}. Choose another --port (0 takes a free one) or --address`
  return new ImageError('CONFLICT', message, { cause: error })
}

function basicAuth(pair: string | undefined): { kind: 'basic'; users: Readonly<Record<string, string>> } | undefined {
  if (pair === undefined) return undefined
  const colon = pair.indexOf(':')
  if (colon <= 0) throw new UsageError('--user takes USER:PASSWORD')
  return { kind: 'basic', users: { [pair.slice(0, colon)]: pair.slice(colon + 1) } }
}
