import { ImageError, type ImageSource, imageName, isDigest, quoteForeign } from '@crossdock/core'
import { Option } from 'commander'
import type { Sbom } from '../attachments/find-sboms.ts'
import { SBOM_FORMATS } from '../attachments/sbom-format.ts'
import type { CommandEntry } from '../command-entry.ts'
import { addEndpointFlags, addRetryFlags } from '../endpoint-flags.ts'
import type { Call } from '../endpoints.ts'
import { UsageError } from '../failure.ts'
import { isSet, textFlag } from '../flags.ts'
import { formatJson, printable } from '../output/json.ts'
import { formatBytes } from '../output/sizes.ts'
import { formatTable } from '../output/table.ts'
import { platformFlag } from '../platform-flags.ts'
import { withSource } from '../with-source.ts'

export const sbomCommand: CommandEntry = {
  name: 'sbom',
  summary: "print an image's software bill of materials",
  define: (command, invocation) => {
    command
      .description(
        "Prints the software bill of materials that is attached to an image: as an artifact, by cosign, or by Docker's builder. If there " +
          'are several they are listed, and --type, --platform and --digest choose one. What is printed is verified by its digest; who ' +
          'made it, and whether it is true, is not looked at.',
      )
      .argument('<image>', 'such as docker://example.com/app:1')
      .addOption(new Option('--type <format>', 'only those of this format').choices(SBOM_FORMATS))
      .option('--platform <os/arch[/variant]>', 'of an index, only those of it or of the image for this platform')
      .option('--digest <digest>', 'the one with this digest')
      .option('-l, --list', 'list them, even if there is only one')
      .option('--json', 'print the list as one JSON array')
      .option('-o, --output <file>', 'write it to this file, which is there only when it is whole; "-" is stdout', '-')
    addRetryFlags(addEndpointFlags(command, ''))
    command.action((name: string) =>
      invocation.run((operation) => showSbom(name, { flags: command.optsWithGlobals(), invocation, operation })),
    )
  },
}

async function showSbom(name: string, call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const digest = textFlag(flags, 'digest')
  if (digest !== undefined && !isDigest(digest)) throw new UsageError('--digest takes a digest such as sha256:…')
  const platform = await platformFlag(flags)
  await withSource(call, name, async (source) => {
    const { findAttachments } = await import('../attachments/find-attachments.ts')
    const { findSboms } = await import('../attachments/find-sboms.ts')
    const tree = await findAttachments(source, { platform, operation })
    const found = (await findSboms(source, tree, operation)).filter(
      (sbom) =>
        (digest === undefined || sbom.digest === digest) &&
        (flags['type'] === undefined || sbom.format === flags['type']),
    )
    const [only] = found
    const isListed = isSet(flags, 'list') || isSet(flags, 'json')
    if (isListed) return await invocation.print(listText(found, isSet(flags, 'json')))
    if (only === undefined) throw notFound(source)
    if (found.length > 1) return await tellToChoose(found, call)
    await print(source, only, call)
  })
}

/** A file gets one, and nothing that somebody could take for one. */
async function tellToChoose(found: readonly Sbom[], { flags, invocation }: Call): Promise<void> {
  const how = 'choose one with --type, --platform or --digest'
  if (textFlag(flags, 'output') !== '-') {
    throw new ImageError('CONFLICT', `there are ${found.length} bills of materials: ${how}; --list shows them`)
  }
  await invocation.print(listText(found, false))
  invocation.note(`${how}\n`)
}

async function print(source: ImageSource, sbom: Sbom, call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const { readSbom } = await import('../attachments/find-sboms.ts')
  const bytes = await readSbom(source, sbom, operation)
  const output = textFlag(flags, 'output') ?? '-'
  if (output !== '-') {
    const { writeWhole } = await import('../root-filesystem/write-whole.ts')
    return await writeWhole(output, once(bytes))
  }
  // A terminal would obey what somebody hid in it.
  const isShown = invocation.terminal.stdout.isTTY
  await invocation.print(isShown ? printable(new TextDecoder().decode(bytes)) : bytes)
}

function listText(found: readonly Sbom[], asJson: boolean): string {
  if (asJson) return `${formatJson(found, 2)}\n`
  return printable(
    formatTable(
      found.map(({ format, platform = '', as, size, digest, mediaType }) => [
        format,
        platform,
        as,
        formatBytes(size),
        digest,
        quoteForeign(mediaType, 100),
      ]),
    ),
  )
}

function notFound({ reference }: ImageSource): ImageError {
  const image = imageName(reference)
  const message = `no bill of materials that fits is attached to ${quoteForeign(image)}; "crossdock referrers ${quoteForeign(image)}" shows what is`
  return new ImageError('NOT_FOUND', message, { image })
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
