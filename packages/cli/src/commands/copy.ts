import type { CopyResult } from '@crossdock/copy'
import { ImageError, quoteForeign } from '@crossdock/core'
import { Option } from 'commander'
import type { CommandEntry } from '../command-entry.ts'
import { addCopyFlags, copyOptions } from '../copy-flags.ts'
import { addEndpointFlags } from '../endpoint-flags.ts'
import type { Call } from '../endpoints.ts'
import { UsageError } from '../failure.ts'
import { isSet, textFlag } from '../flags.ts'
import { formatJson } from '../output/json.ts'
import { signingOptions } from '../signers.ts'
import { transferImage } from '../transfer-image.ts'

export const copyCommand: CommandEntry = {
  name: 'copy',
  summary: 'copy an image from one place to another',
  define: (command, invocation) => {
    command
      .description(
        'Copies an image. Everything that moves is verified; the destination changes only when all of it is there. ' +
          'An interrupted copy goes on where it stopped when the same command is run again; into an archive it begins anew.',
      )
      .argument('<source>', 'image to read, such as docker://alpine:3.20')
      .argument('<destination>', 'where to write it, such as oci:./images:alpine')
      .option('--digestfile <file>', 'write the digest of what the destination now names to this file')
      .option('--json', 'print what was done to stdout as one JSON object')
      // What these ask for is done anyway.
      .addOption(new Option('--dest-oci-accept-uncompressed-layers').hideHelp())
      .addOption(new Option('--dest-precompute-digests').hideHelp())
    addCopyFlags(command)
    addEndpointFlags(addEndpointFlags(command, 'src'), 'dest')
    command
      .addHelpText('after', EXAMPLES)
      .action((from: string, to: string) =>
        invocation.run((operation) => copy({ from, to }, { flags: command.optsWithGlobals(), invocation, operation })),
      )
  },
}

async function copy(names: { readonly from: string; readonly to: string }, call: Call): Promise<void> {
  const { flags } = call
  if (isSet(flags, 'json') && /^(?:docker|oci)-archive:-(?::|@|$)/.test(names.to)) {
    throw new UsageError(
      'stdout is where the archive goes: --json would be printed there, too; name a file for one of them',
    )
  }
  const options = { ...(await copyOptions(flags)), ...(await signingOptions(call)) }
  await printResult(await transferImage(call, { names, options }), call)
}

async function printResult(result: CopyResult, { flags, invocation }: Call): Promise<void> {
  const digestFile = textFlag(flags, 'digestfile')
  if (digestFile !== undefined) await writeDigest(digestFile, result.digest)
  if (!isSet(flags, 'json')) return
  const { manifest, ...rest } = result
  await invocation.print(`${formatJson({ ...rest, mediaType: manifest.mediaType })}\n`)
}

async function writeDigest(file: string, digest: string): Promise<void> {
  try {
    const { writeFile } = await import('node:fs/promises')
    await writeFile(file, digest)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ImageError('IO', `the image was copied, but the digest file was not written: ${quoteForeign(reason)}`, {
      cause: error,
    })
  }
}

const EXAMPLES = `
Examples:
  crossdock copy docker://alpine:3.20 oci:./images:alpine       a registry to a folder, this machine's platform
  crossdock copy --all docker://alpine oci:./images:alpine      with every platform
  crossdock copy oci:./images:alpine docker://localhost:5000/alpine:3.20
  crossdock copy --platform 'linux/*' docker://alpine oci:./images:alpine
`
