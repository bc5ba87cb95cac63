import type { ImageReference, OperationOptions } from '@crossdock/core'
import type { Command } from 'commander'
import { addEndpointFlags, endpointSettings, withImage } from '../endpoints.ts'
import { type Flags, isSet, textFlag } from '../flags.ts'
import type { Invocation } from '../invocation.ts'
import { platformFlag } from '../platform-flags.ts'
import type { ImageDescription, Inspected } from '../inspection.ts'
import { count, formatBytes } from '../output/sizes.ts'
import { formatTable } from '../output/table.ts'
import { fillTemplate } from '../output/template.ts'

export function addInspectCommand(program: Command, invocation: Invocation): void {
  const command = program
    .command('inspect')
    .summary("show an image's digest, platform, layers and configuration")
    .description(
      'Shows what an image is. Of an index it shows the image for one platform, and which platforms there are.',
    )
    .argument('<image>', 'image name, such as docker://alpine:3.20')
    .option('--raw', 'print the manifest or index (with --config: the configuration) byte for byte')
    .option('--config', "print the image's configuration as JSON")
    .option(
      '--format <format>',
      'table (default on a terminal), json (default elsewhere), or a template such as {{.Digest}} or {{range .Layers}}{{.}}\\n{{end}}',
    )
    .option('--tags', 'also list the tags of the repository')
    .option('--platform <os/arch[/variant]>', "platform to show of an index (default: this machine's)")
  addEndpointFlags(command, '')
  command.action((name: string) =>
    invocation.run(async (operation) => {
      const flags: Flags = command.optsWithGlobals()
      await withImage(endpointSettings(flags, ''), name, async (image) => {
        const { inspectImage } = await import('../inspection.ts')
        const platform = await platformFlag(flags)
        const raw = isSet(flags, 'raw')
        const wanted = isSet(flags, 'config') ? (raw ? 'config-bytes' : 'config') : raw ? 'manifest' : 'description'
        const inspected = await inspectImage(image, { platform, wanted, operation })
        await print(inspected, { image, flags, invocation, operation })
      })
    }),
  )
}

interface PrintSettings {
  readonly image: ImageReference
  readonly flags: Flags
  readonly invocation: Invocation
  readonly operation: OperationOptions
}

async function print(inspected: Inspected, { image, flags, invocation, operation }: PrintSettings): Promise<void> {
  if (inspected.kind === 'bytes') {
    invocation.terminal.stdout.write(inspected.bytes)
    return
  }
  const description = isSet(flags, 'tags')
    ? { ...inspected.description, RepoTags: await tagsOf(image, operation) }
    : inspected.description
  const format = textFlag(flags, 'format') ?? (invocation.terminal.stdout.isTTY ? 'table' : 'json')
  if (format === 'table') invocation.print(formatDescription(description))
  else if (format === 'json') invocation.print(`${JSON.stringify(description, undefined, 2)}\n`)
  else invocation.print(withLineFeed(fillTemplate(format, description)))
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
    ['size', `${formatBytes(description.Size)} in ${count(layers.length, 'layer')}`],
    ['command', [...(description.Entrypoint ?? []), ...(description.Cmd ?? [])].join(' ') || undefined],
    ['tags', description.RepoTags?.join(' ')],
  ]
  const head = formatTable(rows.flatMap(([label, value]) => (value === undefined ? [] : [[label, value]])))
  const layerRows = layers.map(({ Digest: digest, Size: size, MIMEType: type }) => [digest, formatBytes(size), type])
  return [
    head,
    layers.length === 0 ? '' : `\n${formatTable(layerRows)}`,
    section('environment', env ?? []),
    section(
      'labels',
      Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`),
    ),
  ].join('')
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n${title}\n${lines.map((line) => `  ${line}\n`).join('')}`
}
