import type { CommandEntry } from '../../command-entry.ts'
import type { Call } from '../../endpoints.ts'
import { isSet } from '../../flags.ts'
import { withStore } from '../../local-store/open-store.ts'
import { printable } from '../../output/json.ts'

export const tagCommand: CommandEntry = {
  name: 'tag',
  summary: 'give an image of the store more names',
  define: (command, invocation) => {
    command
      .description(
        'Gives an image further names, all of them or none. A name that is there stands for this image afterwards; its labels go along.',
      )
      .argument('<image>', 'a name of the store, or a digest')
      .argument('<name...>', 'such as localhost:5000/app:1')
      .option('-q, --quiet', 'say nothing but errors')
      .action((image: string, names: readonly string[]) =>
        invocation.run((operation) => tag(image, names, { flags: command.optsWithGlobals(), invocation, operation })),
      )
  },
}

async function tag(image: string, names: readonly string[], call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  await withStore(call, async (store) => {
    const [{ findImage }, { storeImageName }] = await Promise.all([
      import('../../local-store/find-image.ts'),
      import('@crossdock/store'),
    ])
    const { target, labels } = await findImage(store, image, operation)
    const tagged = names.map((name) => ({ name: storeImageName(name), target, labels }))
    await store.images.putAll(tagged, operation)
    if (isSet(flags, 'quiet')) return
    for (const { name } of tagged) invocation.note(printable(`tagged ${name}\n`))
  })
}
