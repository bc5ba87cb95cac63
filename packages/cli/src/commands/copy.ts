import type { CopyResult } from '@crossdock/copy'
import { imageName, ImageError, quoteForeign } from '@crossdock/core'
import { Option } from 'commander'
import type { CommandEntry } from '../command-entry.ts'
import { addCopyFlags, copyOptions } from '../copy-flags.ts'
import { addEndpointFlags } from '../endpoint-flags.ts'
import { type Call, withEnds } from '../endpoints.ts'
import { UsageError } from '../failure.ts'
import { isSet, textFlag } from '../flags.ts'
import { imageJudge } from '../image-judge.ts'
import { formatJson } from '../output/json.ts'
import { count, formatBytes, formatDuration } from '../output/sizes.ts'
import { startProgress } from '../progress/start-progress.ts'
import { signingOptions } from '../signers.ts'

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
  const { flags, invocation, operation } = call
  if (isSet(flags, 'json') && /^(?:docker|oci)-archive:-(?::|@|$)/.test(names.to)) {
    throw new UsageError(
      'stdout is where the archive goes: --json would be printed there, too; name a file for one of them',
    )
  }
  const options = { ...(await copyOptions(flags)), ...(await signingOptions(call)) }
  const admit = await imageJudge(call)
  const progress = startProgress(flags, invocation)
  const started = performance.now()
  try {
    const { copyImage } = await import('@crossdock/copy')
    const { onProgress } = progress
    const result = await withEnds(call, names, (source, destination) => {
      progress.named({ from: imageName(source), to: imageName(destination) })
      return copyImage(source, destination, { ...options, ...operation, onProgress, admit })
    })
    progress.stop()
    if (progress.summary) invocation.note(summarize(result, performance.now() - started))
    await printResult(result, call)
  } finally {
    progress.stop()
  }
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

function summarize(result: CopyResult, elapsedMs: number): string {
  if (result.upToDate) return `up to date: nothing to move\ndigest   ${result.digest}\n`
  const { bytes } = result
  const rate = bytes.moved === 0 ? '' : `, ${formatBytes((bytes.moved * 1000) / elapsedMs)}/s`
  const lines = [
    `moved    ${count(result.moved, 'blob')}, ${formatBytes(bytes.moved)} in ${formatDuration(elapsedMs)}${rate}`,
  ]
  if (bytes.resumed > 0) lines.push(`resumed  ${formatBytes(bytes.resumed)} were there from an interrupted run`)
  if (result.reused > 0)
    lines.push(`reused   ${count(result.reused, 'blob')}, ${formatBytes(bytes.reused)} were there already`)
  if (result.mounted > 0)
    lines.push(`mounted  ${count(result.mounted, 'blob')}, ${formatBytes(bytes.mounted)} within the registry`)
  lines.push(...signatureLines(result))
  if (result.digest !== result.sourceDigest) lines.push(`source   ${result.sourceDigest}`)
  lines.push(`digest   ${result.digest}`)
  return `${lines.join('\n')}\n`
}

function signatureLines({ signatures: { carried, made } }: CopyResult): readonly string[] {
  const parts = [...(carried > 0 ? [`${carried} carried along`] : []), ...(made > 0 ? [`${made} made`] : [])]
  return parts.length === 0 ? [] : [`signed   ${count(carried + made, 'signature')}: ${parts.join(', ')}`]
}

const EXAMPLES = `
Examples:
  crossdock copy docker://alpine:3.20 oci:./images:alpine       a registry to a folder, this machine's platform
  crossdock copy --all docker://alpine oci:./images:alpine      with every platform
  crossdock copy oci:./images:alpine docker://localhost:5000/alpine:3.20
  crossdock copy --platform 'linux/*' docker://alpine oci:./images:alpine
`
