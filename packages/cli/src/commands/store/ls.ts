import type { CommandEntry } from '../../command-entry.ts'
import type { Call } from '../../endpoints.ts'
import { gatherWhole, isSet, listFlag, textFlag } from '../../flags.ts'
import type { ListedImage } from '../../local-store/list-images.ts'
import { withStore } from '../../local-store/open-store.ts'
import { printListing } from '../../output/listing.ts'
import { formatAge, formatBytes } from '../../output/sizes.ts'
import { Option } from 'commander'

export const listStoreCommand: CommandEntry = {
  name: 'ls',
  alias: 'list',
  summary: 'list the images of the store',
  define: (command, invocation) => {
    command
      .description(
        'Lists the names of the store, what they stand for, and what of it is there: the size counts the blobs that the store has. ' +
          'Without --filter it lists all images; of several filters one has to match. What is attached to images (signatures, lists of referrers) ' +
          'has names of its own, which --all and filters show, too.',
      )
      .addOption(
        new Option('--filter <filter>', "such as 'name~=alpine' or 'labels.team==web,name!=old'").argParser(
          gatherWhole,
        ),
      )
      .option('-a, --all', 'also names of what is attached to images')
      .option('--format <format>', 'table (default), json, or a template such as {{.Name}} {{.Digest}}')
      .option('--json', 'the same as --format json')
      .option('--no-size', 'do not look at what is there: quicker with thousands of images')
      .option('-q, --quiet', 'print names alone')
      .addHelpText('after', HELP)
      .action(() =>
        invocation.run((operation) => listStore({ flags: command.optsWithGlobals(), invocation, operation })),
      )
  },
}

async function listStore(call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const format = isSet(flags, 'quiet')
    ? '{{.Name}}'
    : isSet(flags, 'json')
      ? 'json'
      : (textFlag(flags, 'format') ?? 'table')
  const sized = flags['size'] !== false && needsContent(format)
  await withStore(call, async (store) => {
    const { listImages } = await import('../../local-store/list-images.ts')
    const images = await listImages(store, {
      filters: listFlag(flags, 'filter'),
      all: isSet(flags, 'all'),
      sized,
      operation,
    })
    const now = Date.now()
    await printListing(images, invocation, {
      format,
      head: ['name', 'digest', 'platforms', 'size', 'updated'],
      row: (image) => [
        image.Name,
        image.Digest.replace(/^([^:]+:.{12}).*$/s, '$1'),
        platformsText(image),
        image.Size === undefined ? '' : formatBytes(image.Size),
        `${formatAge(now - Date.parse(image.Updated))} ago`,
      ],
    })
  })
}

/** Whether a format shows what only a look at manifests and blobs tells. */
function needsContent(format: string): boolean {
  return (
    format === 'json' ||
    format === 'table' ||
    /\.(?:Size|Platforms|Complete)\b|\{\{\s*(?:json\s+)?\.\s*\}\}/.test(format)
  )
}

function platformsText({ Platforms: platforms, Complete: complete }: ListedImage): string {
  const text = (platforms ?? []).join(', ')
  return complete === false ? `${text} (in part)`.trimStart() : text
}

const HELP = `
Fields: Name, Digest, MediaType, Labels, Annotations, Created, Updated, Platforms, Size, Complete

Examples:
  crossdock store ls --format '{{.Name}} {{.Size}}'
  crossdock store ls -q --filter 'name~=^docker\\.io/library/'
`
