import type { Explanation } from '@crossdock/config'
import { ImageError } from '@crossdock/core'
import type { CommandEntry } from '../command-entry.ts'
import type { Call } from '../endpoints.ts'
import { isSet } from '../flags.ts'
import { hostConfig } from '../host-config.ts'
import { readPolicy } from '../image-judge.ts'
import { formatExplanation, problemsIn } from '../output/configuration.ts'
import { formatJson, printable } from '../output/json.ts'

export const configCommand: CommandEntry = {
  name: 'config',
  summary: 'explain what this machine has configured for a registry or an image',
  define: (config, invocation) => {
    const command = config
      .description('What this machine has configured.')
      .command('explain')
      .summary('say which file decides what')
      .description(
        'Says for a registry or an image what this machine has configured, and which file says so: mirrors, blocked and insecure ' +
          'registries, certificates, where credentials would come from (none is shown), where signatures are kept, and which policy ' +
          'counts. Nothing is sent to anybody. Fails, once all is said, if a file is wrong.',
      )
      .argument('<host|image>', 'such as registry.example.com:5000, or docker.io/library/alpine:3.20')
      .option('--json', 'print the answer as one JSON object')
    command.action((name: string) =>
      invocation.run((operation) => explainName(name, { flags: command.optsWithGlobals(), invocation, operation })),
    )
  },
}

async function explainName(name: string, call: Call): Promise<void> {
  const { flags, invocation } = call
  const { explain, explainedSubject } = await import('@crossdock/config')
  const explanation = await withPolicyRead(await explain(await hostConfig(call), explainedSubject(name)), call)
  const asJson = isSet(flags, 'json')
  await invocation.print(asJson ? `${formatJson(explanation, 2)}\n` : printable(formatExplanation(explanation)))
  const [problem] = problemsIn(explanation)
  if (problem !== undefined) throw new ImageError('INVALID_DATA', problem)
}

/** A policy that cannot be used is as wrong as any other file. */
async function withPolicyRead(explanation: Explanation, call: Call): Promise<Explanation> {
  const { policy } = explanation
  if (policy.problem !== undefined || policy.file === undefined) return explanation
  try {
    await readPolicy(call)
    return explanation
  } catch (error) {
    call.operation.signal.throwIfAborted()
    if (!(error instanceof ImageError)) throw error
    return { ...explanation, policy: { ...policy, problem: error.message } }
  }
}
