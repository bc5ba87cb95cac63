import type { CommandEntry } from '../command-entry.ts'
import { addEndpointFlags, addRetryFlags } from '../endpoint-flags.ts'
import type { Call } from '../endpoints.ts'
import { isSet, textFlag } from '../flags.ts'
import { formatJson, printable } from '../output/json.ts'
import { fillTemplate } from '../output/template.ts'
import { platformFlag } from '../platform-flags.ts'
import { withSource } from '../with-source.ts'

export const referrersCommand: CommandEntry = {
  name: 'referrers',
  summary: 'list what refers to an image: signatures, SBOMs, attestations',
  define: (command, invocation) => {
    command
      .description(
        'Lists, as a tree, what refers to an image: manifests that name it as their subject, what the tags of cosign tie to it, and the ' +
          "attestations that Docker's builder puts into an index; of an index also what refers to its instances. The manifests are " +
          'read, and verified by their digests; who made them is not looked at, which `crossdock verify` does for signatures.',
      )
      .argument('<image>', 'such as docker://example.com/app:1')
      .option('--type <artifact-type>', 'only what is of this type')
      .option('--platform <os/arch[/variant]>', 'of an index, only what refers to it or to the image for this platform')
      .option('--json', 'print one JSON object')
      .option('-f, --format <template>', 'a template such as {{range .Referrers}}{{.Digest}}\\n{{end}}')
    addRetryFlags(addEndpointFlags(command, ''))
    command.action((name: string) =>
      invocation.run((operation) => listReferrers(name, { flags: command.optsWithGlobals(), invocation, operation })),
    )
  },
}

async function listReferrers(name: string, call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const platform = await platformFlag(flags)
  await withSource(call, name, async (source, image) => {
    const { findAttachments } = await import('../attachments/find-attachments.ts')
    const { describeReferrers } = await import('../attachments/describe-referrers.ts')
    const tree = await findAttachments(source, { platform, operation })
    const described = describeReferrers(tree, { image, type: textFlag(flags, 'type') })
    const template = textFlag(flags, 'format')
    if (isSet(flags, 'json')) return await invocation.print(`${formatJson(described, 2)}\n`)
    if (template !== undefined) return await invocation.print(printable(`${fillTemplate(template, described)}\n`))
    const { formatReferrers } = await import('../attachments/format-referrers.ts')
    await invocation.print(printable(formatReferrers(described)))
  })
}
