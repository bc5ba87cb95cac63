import { ImageError, imageName, quoteForeign, repositoryName } from '@crossdock/core'
import { type Command, Option } from 'commander'
import { addEndpointFlags, endpointSettings, withImage } from '../endpoints.ts'
import type { Flags } from '../flags.ts'
import type { Invocation } from '../invocation.ts'

export function addListTagsCommand(program: Command, invocation: Invocation): void {
  const command = program
    .command('list-tags')
    .alias('ls')
    .summary('list the tags of a repository, or the image names of a folder')
    .argument('<repository>', 'such as docker://alpine or oci:./images')
    .addOption(
      new Option('--format <format>', 'one name a line, or one JSON object')
        .choices(['lines', 'json'])
        .default('lines'),
    )
  addEndpointFlags(command, '')
  command.action((name: string) =>
    invocation.run(async (operation) => {
      const flags: Flags = command.optsWithGlobals()
      await withImage(endpointSettings(flags, ''), name, async (image) => {
        const tags = image.tags?.(operation)
        if (tags === undefined)
          throw new ImageError('UNSUPPORTED', `${imageName(image)} is a place without a list of names`)
        if (flags['format'] === 'lines') {
          for await (const tag of tags) invocation.print(`${quoteForeign(tag)}\n`)
          return
        }
        const listed: string[] = []
        for await (const tag of tags) listed.push(tag)
        const docker = image.dockerReference
        const repository = docker === undefined ? imageName(image) : repositoryName(docker)
        invocation.print(`${JSON.stringify({ Repository: repository, Tags: listed }, undefined, 2)}\n`)
      })
    }),
  )
}
