import type { CopyPlan, PlannedBlob } from '@crossdock/copy'
import { quoteForeign, shortDigest } from '@crossdock/core'
import type { CommandEntry } from '../command-entry.ts'
import { addCopyFlags, copyOptions } from '../copy-flags.ts'
import { addEndpointFlags } from '../endpoint-flags.ts'
import { type Call, withEnds } from '../endpoints.ts'
import { isSet } from '../flags.ts'
import { imageJudge } from '../image-judge.ts'
import { formatJson, printable } from '../output/json.ts'
import { count, formatBytes } from '../output/sizes.ts'
import { formatTable } from '../output/table.ts'
import { signingOptions } from '../signers.ts'

export const planCommand: CommandEntry = {
  name: 'plan',
  summary: 'say what a copy would do, and change nothing',
  define: (command, invocation) => {
    command
      .description(
        'Finds out what `crossdock copy` with the same arguments would do: which blobs would move, go on from an interrupted ' +
          'run, be mounted or are there already. Nothing is changed at the destination.',
      )
      .argument('<source>', 'image to read')
      .argument('<destination>', 'where it would be written')
      .option('--json', 'print the plan as one JSON object')
    addCopyFlags(command)
    addEndpointFlags(addEndpointFlags(command, 'src'), 'dest')
    command.action((from: string, to: string) =>
      invocation.run((operation) =>
        printPlan({ from, to }, { flags: command.optsWithGlobals(), invocation, operation }),
      ),
    )
  },
}

async function printPlan(names: { readonly from: string; readonly to: string }, call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const options = { ...(await copyOptions(flags)), ...(await signingOptions(call)) }
  const admit = await imageJudge(call)
  const { planCopy } = await import('@crossdock/copy')
  const planned = await withEnds(call, names, (source, destination) =>
    planCopy(source, destination, { ...options, ...operation, admit }),
  )
  const text = isSet(flags, 'json') ? `${formatJson(planned, 2)}\n` : printable(formatPlan(planned))
  await invocation.print(text)
}

function formatPlan(plan: CopyPlan): string {
  const head = formatTable([
    ['from', plan.from],
    ['to', plan.to],
    ['digest', plan.digest ?? 'known when layers are packed or read'],
    ...(plan.digest === plan.sourceDigest ? [] : [['source', plan.sourceDigest]]),
  ])
  if (plan.upToDate) return `${head}\nup to date: nothing to move\n`
  const rows = plan.blobs.map(({ blob, action, bytes, packing }) => [
    action,
    shortDigest(blob.digest),
    formatBytes(blob.size),
    packing === undefined ? moving(action, bytes) : `as ${packing.format}`,
    quoteForeign(blob.mediaType, 100),
  ])
  const total = `${count(plan.manifests.length, 'manifest')}, ${count(plan.blobs.length, 'blob')}: ${formatBytes(plan.bytes.move)} of ${formatBytes(plan.bytes.total)} would move\n`
  return `${head}\n${formatTable(rows)}\n${total}${signatureText(plan)}${conversions(plan)}`
}

function signatureText({ signatures: { carried, made } }: CopyPlan): string {
  if (carried + made === 0) return ''
  return `${count(carried, 'signature')} would be carried along, ${made} made\n`
}

function conversions({ manifests }: CopyPlan): string {
  return manifests
    .flatMap(({ digest, mediaType, candidates, becomes }) => {
      if (becomes === undefined) return []
      const [, ...others] = candidates
      const changed = `${shortDigest(digest)} becomes ${becomes.mediaType === mediaType ? 'another manifest' : becomes.mediaType}`
      const otherwise = others.length === 0 ? [] : [`  or, if that is refused, ${others.join(', ')}`]
      return [changed, ...otherwise, ...becomes.lost.map((loss) => `  lost: ${loss}`)]
    })
    .map((line) => `${line}\n`)
    .join('')
}

function moving(action: PlannedBlob['action'], bytes: number): string {
  return action === 'resume' ? `${formatBytes(bytes)} left` : ''
}
