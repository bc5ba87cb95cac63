import type { CommandEntry } from '../../command-entry.ts'
import type { Call } from '../../endpoints.ts'
import { isSet } from '../../flags.ts'
import { withStore } from '../../local-store/open-store.ts'
import { printable } from '../../output/json.ts'

export const removeCommand: CommandEntry = {
  name: 'rm',
  alias: 'delete',
  summary: 'remove names from the store',
  define: (command, invocation) => {
    command
      .description(
        'Removes names. What no name needs any more stays on the disk until the next "gc", or --gc, so that nothing is taken away from ' +
          'what is being pulled or read. If one of the names is not there, none is removed.',
      )
      .argument('<name...>', 'names of the store, with @DIGEST only if they stand for that')
      .option('--gc', 'also collect what no name needs any more')
      .option('-q, --quiet', 'say nothing but errors')
      .action((names: readonly string[]) =>
        invocation.run((operation) => remove(names, { flags: command.optsWithGlobals(), invocation, operation })),
      )
  },
}

async function remove(names: readonly string[], call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const isQuiet = isSet(flags, 'quiet')
  await withStore(call, async (store) => {
    const { findImage } = await import('../../local-store/find-image.ts')
    const images = new Map<string, Awaited<ReturnType<typeof findImage>>>()
    for (const name of names) {
      const image = await findImage(store, name, operation)
      images.set(image.name, image)
    }
    for (const { name, target } of images.values()) {
      await store.images.delete(name, { ...operation, target: target.digest })
      if (!isQuiet) invocation.note(printable(`removed ${name}\n`))
    }
    if (!isSet(flags, 'gc')) return
    const collected = await store.collect(operation)
    if (!isQuiet) invocation.note((await import('../../output/collected.ts')).formatCollected(collected))
  })
}
