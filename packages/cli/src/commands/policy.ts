import { ImageError, imageName } from '@crossdock/core'
import type { CommandEntry } from '../command-entry.ts'
import { addEndpointFlags, addRetryFlags } from '../endpoint-flags.ts'
import { type Call, withImage } from '../endpoints.ts'
import { isSet } from '../flags.ts'
import { loadJudge } from '../image-judge.ts'
import { formatJson, printable } from '../output/json.ts'
import { formatJudgement } from '../output/judgement.ts'
import { platformFlag } from '../platform-flags.ts'
import { vainScopes } from '../vain-scopes.ts'

export const policyCommand: CommandEntry = {
  name: 'policy',
  summary: 'explain what a policy says of an image',
  define: (policy, invocation) => {
    const command = policy
      .description('The policy that images are judged by.')
      .command('explain')
      .summary('say why an image is accepted or refused')
      .description(
        'Judges what a name stands for by the policy of this machine, or the one of --policy, as `crossdock copy` would, and prints ' +
          'what was looked at: the scope, its requirements, every signature, and why each of them does or does not do. No layer ' +
          'is read. Ends with 0 if the image is accepted, with 4 if it is refused.',
      )
      .argument('<image>', 'such as docker://alpine:3.20')
      .option('--platform <os/arch[/variant]>', 'of an index, judge the image for this platform')
      .option('--json', 'print the judgement as one JSON object')
    addRetryFlags(addEndpointFlags(command, ''))
    command.action((name: string) =>
      invocation.run((operation) => explain(name, { flags: command.optsWithGlobals(), invocation, operation })),
    )
  },
}

async function explain(name: string, call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const platform = await platformFlag(flags)
  const judge = await loadJudge(call)
  for (const warning of vainScopes(judge.policy)) invocation.note(`warning: ${warning}\n`)
  const { explainPolicy } = await import('../explain-policy.ts')
  await withImage(call, name, async (image) => {
    const source = await image.openSource?.(operation)
    if (source === undefined) throw new ImageError('UNSUPPORTED', `images cannot be read from ${imageName(image)}`)
    try {
      const { outcome, reason, judgements } = await explainPolicy(source, { judge, platform, operation })
      const asJson = isSet(flags, 'json')
      await invocation.print(
        asJson
          ? `${formatJson({ outcome, reason, judgements }, 2)}\n`
          : printable(judgements.map(formatJudgement).join('\n')),
      )
      if (outcome === 'rejected')
        throw new ImageError('REJECTED_BY_POLICY', `${imageName(image)} is refused: ${reason}`)
    } finally {
      await source[Symbol.asyncDispose]()
    }
  })
}
