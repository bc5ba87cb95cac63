import { type ImageReference, type ImageSource, type OperationOptions, quoteForeign } from '@crossdock/core'
import type { CommandEntry } from '../command-entry.ts'
import { addEndpointFlags, addRetryFlags } from '../endpoint-flags.ts'
import { type Call, withImage } from '../endpoints.ts'
import { isSet, textFlag } from '../flags.ts'
import type { ImageDescription, Inspected } from '../inspection.ts'
import { formatJson, printable } from '../output/json.ts'
import { count, formatBytes } from '../output/sizes.ts'
import { formatTable } from '../output/table.ts'
import { fillTemplate } from '../output/template.ts'
import { platformFlag } from '../platform-flags.ts'

/** Of the command that made a layer, so much is shown in a table. */
const MADE_BY_CHARACTERS = 60

export const inspectCommand: CommandEntry = {
  name: 'inspect',
  summary: "show an image's digest, platform, layers and configuration",
  define: (command, invocation) => {
    command
      .description(
        'Shows what an image is. Of an index it shows the image for one platform, and which platforms there are.',
      )
      .argument('<image>', 'image name, such as docker://alpine:3.20')
      .option('--raw', 'print the manifest or index (with --config: the configuration) byte for byte')
      .option('--config', "print the image's configuration as JSON")
      .option(
        '-f, --format <format>',
        'table (default on a terminal), json (default elsewhere), or a template such as {{.Digest}} or {{range .Layers}}{{.}}\\n{{end}}',
      )
      .option('--sizes', 'also find out what the layers take unpacked, which reads them, and what platforms share')
      .option('--tags', 'also list the tags of the repository')
      .option('-n, --no-tags', 'list no tags (the default)')
      .option('--platform <os/arch[/variant]>', "platform to show of an index (default: this machine's)")
    addRetryFlags(addEndpointFlags(command, ''))
    command.action((name: string) =>
      invocation.run((operation) => inspect(name, { flags: command.optsWithGlobals(), invocation, operation })),
    )
  },
}

async function inspect(name: string, call: Call): Promise<void> {
  const { flags, operation } = call
  await withImage(call, name, async (image) => {
    const { inspectImage } = await import('../inspection.ts')
    const platform = await platformFlag(flags)
    const raw = isSet(flags, 'raw')
    const wanted = isSet(flags, 'config') ? (raw ? 'config-bytes' : 'config') : raw ? 'manifest' : 'description'
    const { findSizes } = isSet(flags, 'sizes') ? await import('../image-sizes.ts') : {}
    const measure = findSizes && ((source: ImageSource) => findSizes(source, { platform, operation }))
    await print(await inspectImage(image, { platform, wanted, measure, operation }), image, call)
  })
}

async function print(inspected: Inspected, image: ImageReference, call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  if (inspected.kind === 'bytes') return await invocation.print(inspected.bytes)
  const description = isSet(flags, 'tags')
    ? { ...inspected.description, RepoTags: await tagsOf(image, operation) }
    : inspected.description
  const format = textFlag(flags, 'format') ?? (invocation.terminal.stdout.isTTY ? 'table' : 'json')
  await invocation.print(withLineFeed(formatted(description, format)))
}

function formatted(description: ImageDescription, format: string): string {
  if (format === 'json') return formatJson(description, 2)
  return printable(format === 'table' ? formatDescription(description) : fillTemplate(format, description))
}

async function tagsOf(image: ImageReference, operation: OperationOptions): Promise<readonly string[]> {
  const tags: string[] = []
  for await (const tag of image.tags?.(operation) ?? []) tags.push(tag)
  return tags
}

function withLineFeed(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}

function formatDescription(description: ImageDescription): string {
  const { Platforms: platforms, LayersData: layers, Env: env, Labels: labels } = description
  const rows: (readonly [string, string | undefined])[] = [
    ['name', description.Name],
    ['digest', description.Digest],
    ['type', description.MediaType],
    ['artifact', description.ArtifactType],
    ['platforms', platforms?.join(', ')],
    ['platform', description.Platform],
    ['instance', description.Instance],
    ['created', description.Created],
    ['size', sizeText(description)],
    ['unpacked', sizeOrNothing(description.UnpackedSize)],
    ['all platforms', sizeOrNothing(description.TotalSize)],
    ['command', [...(description.Entrypoint ?? []), ...(description.Cmd ?? [])].join(' ') || undefined],
    ['tags', description.RepoTags?.join(' ')],
  ]
  const head = formatTable(rows.flatMap(([label, value]) => (value === undefined ? [] : [[label, value]])))
  const layerRows = layers.map((layer) => [
    layer.Digest,
    sizeOrNothing(layer.Size) ?? '',
    ...(description.UnpackedSize === undefined ? [] : [sizeOrNothing(layer.UnpackedSize) ?? '']),
    layer.MIMEType,
    quoteForeign(layer.CreatedBy ?? '', MADE_BY_CHARACTERS),
  ])
  return [
    head,
    layers.length === 0 ? '' : `\n${formatTable(layerRows)}`,
    formatInstances(description),
    section('environment', env ?? []),
    section(
      'labels',
      Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`),
    ),
  ].join('')
}

function formatInstances({ Instances: instances = [] }: ImageDescription): string {
  if (instances.length === 0) return ''
  const rows = instances.map((instance) => [
    instance.Platform ?? '',
    instance.Digest,
    formatBytes(instance.Size),
    formatBytes(instance.SharedSize),
  ])
  return `\n${formatTable([['platform', 'digest', 'size', 'shared'], ...rows])}`
}

function sizeOrNothing(bytes: number | undefined): string | undefined {
  return bytes === undefined ? undefined : formatBytes(bytes)
}

/** Docker schema 1 says how many layers there are, and not how large. */
function sizeText({ Size: size, LayersData: layers }: ImageDescription): string {
  const layerCount = count(layers.length, 'layer')
  return size === undefined ? layerCount : `${formatBytes(size)} in ${layerCount}`
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n${title}\n${lines.map((line) => `  ${line}\n`).join('')}`
}
