import { ImageError, imageName, quoteForeign, repositoryName } from '@crossdock/core'
import { Option } from 'commander'
import type { CommandEntry } from '../command-entry.ts'
import { addEndpointFlags, addRetryFlags } from '../endpoint-flags.ts'
import { type Call, withImage } from '../endpoints.ts'
import type { Invocation } from '../invocation.ts'
import { formatJson } from '../output/json.ts'

/** Lines are printed together, once they have so many characters. */
const PRINT_CHARACTERS = 16 * 1024

export const listTagsCommand: CommandEntry = {
  name: 'list-tags',
  summary: 'list the tags of a repository, or the image names of a folder',
  define: (command, invocation) => {
    command
      .argument('<repository>', 'such as docker://alpine or oci:./images')
      .addOption(
        new Option('--format <format>', 'one name a line, or one JSON object')
          .choices(['lines', 'json'])
          .default('lines'),
      )
    addRetryFlags(addEndpointFlags(command, ''))
    command.action((name: string) =>
      invocation.run((operation) => listTags(name, { flags: command.optsWithGlobals(), invocation, operation })),
    )
  },
}

async function listTags(name: string, call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  await withImage(call, name, async (image) => {
    const tags = image.tags?.(operation)
    if (tags === undefined) {
      throw new ImageError('UNSUPPORTED', `${imageName(image)} is a place without a list of names`)
    }
    if (flags['format'] === 'lines') return await printLines(tags, invocation)
    const listed: string[] = []
    for await (const tag of tags) listed.push(tag)
    const docker = image.dockerReference
    const repository = docker === undefined ? imageName(image) : repositoryName(docker)
    await invocation.print(`${formatJson({ Repository: repository, Tags: listed }, 2)}\n`)
  })
}

async function printLines(tags: AsyncIterable<string>, invocation: Invocation): Promise<void> {
  let text = ''
  for await (const tag of tags) {
    text += `${quoteForeign(tag)}\n`
    if (text.length < PRINT_CHARACTERS) continue
    await invocation.print(text)
    text = ''
  }
  await invocation.print(text)
}
