import { ImageError, imageName } from '@crossdock/core'
import type { CommandEntry } from '../command-entry.ts'
import { addEndpointFlags, addRetryFlags } from '../endpoint-flags.ts'
import { type Call, withImage } from '../endpoints.ts'
import { isSet } from '../flags.ts'

export const deleteCommand: CommandEntry = {
  name: 'delete',
  alias: 'rm',
  summary: 'delete an image',
  define: (command, invocation) => {
    command
      .description(
        'Deletes what the name stands for. In a registry a digest deletes the image under all of its tags. ' +
          'Blobs that nothing reaches any more are removed from folders at once, from registries by their own clean-up.',
      )
      .argument('<image>', 'such as docker://localhost:5000/app:old or oci:./images:old')
      .option('-q, --quiet', 'say nothing but errors')
    addRetryFlags(addEndpointFlags(command, ''))
    command.action((name: string) =>
      invocation.run((operation) => deleteImage(name, { flags: command.optsWithGlobals(), invocation, operation })),
    )
  },
}

async function deleteImage(name: string, call: Call): Promise<void> {
  await withImage(call, name, async (image) => {
    if (image.delete === undefined) {
      throw new ImageError('UNSUPPORTED', `nothing can be deleted at ${imageName(image)}`)
    }
    await image.delete(call.operation)
    if (!isSet(call.flags, 'quiet')) call.invocation.note(`deleted ${imageName(image)}\n`)
  })
}
