import { ImageError, imageName, type ImageReference } from '@crossdock/core'
import type { Judgement } from '@crossdock/signature-policy'
import { Option } from 'commander'
import type { CommandEntry } from '../command-entry.ts'
import { addEndpointFlags, addRetryFlags } from '../endpoint-flags.ts'
import { type Call, withImage } from '../endpoints.ts'
import { UsageError } from '../failure.ts'
import { gatherWhole, isSet, listFlag, textFlag } from '../flags.ts'
import { type Judge, loadJudge } from '../image-judge.ts'
import { formatJson, printable } from '../output/json.ts'
import { formatJudgement } from '../output/judgement.ts'
import { formatVerified } from '../output/verified.ts'
import { platformFlag } from '../platform-flags.ts'

export const verifyCommand: CommandEntry = {
  name: 'verify',
  summary: 'verify who signed an image',
  define: (command, invocation) => {
    command
      .description(
        'Verifies that an image is signed: by a key that is given, or as a policy demands it. A policy that asks for no signature is not ' +
          'enough. Of an index either the index has to be signed, or each of its instances. Prints who signed, and for which name; ends ' +
          'with 0 if the image is signed as it should be, with 4 if not.',
      )
      .argument('<image>', 'such as docker://example.com/app:1')
      .addOption(
        new Option(
          '--key <file>',
          'public key whose signatures count: of cosign, or an OpenPGP key ring; may be given again',
        )
          .argParser(gatherWhole)
          .conflicts(['policy']),
      )
      .option(
        '--identity <name>',
        'with --key: the name that must be vouched for; without tag and digest any of the repository, "any" for whichever (default: the name of the image)',
      )
      .option('--platform <os/arch[/variant]>', 'of an index, verify the image for this platform')
      .option('--json', 'print all that was looked at as one JSON object')
    addRetryFlags(addEndpointFlags(command, ''))
    command.action((name: string) =>
      invocation.run((operation) => verify(name, { flags: command.optsWithGlobals(), invocation, operation })),
    )
  },
}

async function verify(name: string, call: Call): Promise<void> {
  const { flags, invocation } = call
  const judges = await judgesOf(call)
  const platform = await platformFlag(flags)
  await withImage(call, name, async (image) => {
    const { judgements, refusal, digest } = await verification(image, { judges, platform }, call)
    const outcome = refusal === undefined ? 'accepted' : 'rejected'
    if (isSet(flags, 'json')) {
      await invocation.print(`${formatJson({ name: imageName(image), digest, outcome, judgements }, 2)}\n`)
    } else if (refusal === undefined) {
      await invocation.print(printable(formatVerified(judgements.filter((each) => each.outcome === 'accepted'))))
    } else {
      await invocation.print(printable(judgements.map(formatJudgement).join('\n')))
    }
    if (refusal !== undefined) throw refusal
  })
}

interface Verification {
  /** What was judged, and by whom, in order. */
  readonly judgements: readonly Judgement[]
  /** Why the image is not signed as it should be; undefined if it is. */
  readonly refusal: ImageError | undefined
  /** Of what is signed. */
  readonly digest: string | undefined
}

async function verification(
  image: ImageReference,
  { judges, platform }: { readonly judges: readonly Judge[]; readonly platform: string | undefined },
  { operation }: Call,
): Promise<Verification> {
  const { judgeImage } = await import('@crossdock/copy')
  const { evaluatePolicy } = await import('@crossdock/signature-policy')
  const judgements: Judgement[] = []
  try {
    const { digest } = await judgeImage(image, {
      ...operation,
      ...(platform === undefined ? { platforms: 'all' } : { platform }),
      admit: async (unparsed, options) => {
        const reasons: string[] = []
        for (const { policy, options: judgeOptions } of judges) {
          const judgement = await evaluatePolicy(policy, unparsed, { ...judgeOptions, ...options })
          judgements.push(judgement)
          if (judgement.outcome === 'accepted') return
          reasons.push(judgement.reason)
        }
        throw new ImageError('REJECTED_BY_POLICY', reasons.join('; '))
      },
    })
    return { judgements, refusal: undefined, digest }
  } catch (error) {
    if (!(error instanceof ImageError) || error.code !== 'REJECTED_BY_POLICY') throw error
    return { judgements, refusal: error, digest: undefined }
  }
}

/** One of them has to accept, by a signature that it has verified. */
async function judgesOf(call: Call): Promise<readonly Judge[]> {
  const { flags } = call
  const identity = textFlag(flags, 'identity')
  const keys = listFlag(flags, 'key')
  if (keys.length > 0) {
    const { keyJudges } = await import('../key-judges.ts')
    return keyJudges(keys, identity, call.operation)
  }
  if (identity !== undefined)
    throw new UsageError('--identity goes with --key; a policy says itself which names it accepts')
  const judge = await loadJudge(call)
  if (judge.by === 'file') return [{ ...judge, options: { ...judge.options, requireSigned: true } }]
  throw new UsageError('who has to have signed? Give --key FILE or --policy FILE: this machine has no policy')
}
