import { ImageError, imageName } from '@crossdock/core'
import type { Command } from 'commander'
import { addEndpointFlags, endpointSettings, withImage } from '../endpoints.ts'
import { type Flags, isSet } from '../flags.ts'
import type { Invocation } from '../invocation.ts'

export function addDeleteCommand(program: Command, invocation: Invocation): void {
  const command = program
    .command('delete')
    .alias('rm')
    .summary('delete an image')
    .description(
      'Deletes what the name stands for. In a registry a digest deletes the image under all of its tags. ' +
        'Blobs that nothing reaches any more are removed from folders at once, from registries by their own clean-up.',
    )
    .argument('<image>', 'such as docker://localhost:5000/app:old or oci:./images:old')
    .option('-q, --quiet', 'say nothing but errors')
  addEndpointFlags(command, '')
  command.action((name: string) =>
    invocation.run(async (operation) => {
      const flags: Flags = command.optsWithGlobals()
      await withImage(endpointSettings(flags, ''), name, async (image) => {
        if (image.delete === undefined)
          throw new ImageError('UNSUPPORTED', `nothing can be deleted at ${imageName(image)}`)
        await image.delete(operation)
        if (!isSet(flags, 'quiet')) invocation.note(`deleted ${imageName(image)}\n`)
      })
    }),
  )
}
