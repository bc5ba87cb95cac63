import type { CopyPlan, PlannedBlob } from '@crossdock/copy'
import { quoteForeign, shortDigest } from '@crossdock/core'
import { type Command, Option } from 'commander'
import { addCopyFlags, copyOptions } from '../copy-flags.ts'
import { addEndpointFlags, withEnds } from '../endpoints.ts'
import type { Flags } from '../flags.ts'
import type { Invocation } from '../invocation.ts'
import { count, formatBytes } from '../output/sizes.ts'
import { formatTable } from '../output/table.ts'

export function addPlanCommand(program: Command, invocation: Invocation): void {
  const command = program
    .command('plan')
    .summary('say what a copy would do, and change nothing')
    .description(
      'Finds out what `crossdock copy` with the same arguments would do: which blobs would move, go on from an interrupted ' +
        'run, be mounted or are there already. Nothing is changed at the destination.',
    )
    .argument('<source>', 'image to read')
    .argument('<destination>', 'where it would be written')
    .addOption(new Option('--format <format>', 'how to print the plan').choices(['table', 'json']).default('table'))
  addCopyFlags(command)
  addEndpointFlags(addEndpointFlags(command, 'src'), 'dest')
  command.action((from: string, to: string) =>
    invocation.run(async (operation) => {
      const flags: Flags = command.optsWithGlobals()
      const options = await copyOptions(flags)
      const { planCopy } = await import('@crossdock/copy')
      const plan = await withEnds(flags, { from, to }, (source, destination) =>
        planCopy(source, destination, { ...options, ...operation }),
      )
      invocation.print(flags['format'] === 'json' ? `${JSON.stringify(plan, undefined, 2)}\n` : formatPlan(plan))
    }),
  )
}

function formatPlan(plan: CopyPlan): string {
  const head = formatTable([
    ['from', plan.from],
    ['to', plan.to],
    ['digest', plan.digest],
    ...(plan.digest === plan.sourceDigest ? [] : [['source', plan.sourceDigest]]),
  ])
  if (plan.upToDate) return `${head}\nup to date: nothing to move\n`
  const rows = plan.blobs.map(({ blob, action, bytes }) => [
    action,
    shortDigest(blob.digest),
    formatBytes(blob.size),
    moving(action, bytes),
    quoteForeign(blob.mediaType, 100),
  ])
  const total = `${count(plan.manifests.length, 'manifest')}, ${count(plan.blobs.length, 'blob')}: ${formatBytes(plan.bytes.move)} of ${formatBytes(plan.bytes.total)} would move\n`
  return `${head}\n${formatTable(rows)}\n${total}`
}

function moving(action: PlannedBlob['action'], bytes: number): string {
  return action === 'resume' ? `${formatBytes(bytes)} left` : ''
}
