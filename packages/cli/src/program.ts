import { Command } from 'commander'
import { addCopyCommand } from './commands/copy.ts'
import { addDeleteCommand } from './commands/delete.ts'
import { addDigestCommand } from './commands/digest.ts'
import { addInspectCommand } from './commands/inspect.ts'
import { addListTagsCommand } from './commands/list-tags.ts'
import { addPlanCommand } from './commands/plan.ts'
import { addRegistryCommand } from './commands/registry-serve.ts'
import { addVersionCommand } from './commands/version.ts'
import { duration } from './flags.ts'
import type { Invocation } from './invocation.ts'
import { VERSION } from './version.ts'

/** The whole command line. What is heavy is imported inside the actions, so that help and version stay quick. */
export function createProgram(invocation: Invocation): Command {
  const { stdout, stderr } = invocation.terminal
  const program = new Command('crossdock')
    .description('Moves container images between the places where images live: registries and folders.')
    .version(VERSION, '--version', 'print the version')
    .option('--override-os <os>', 'take this operating system instead of linux')
    .option('--override-arch <arch>', "take this CPU instead of this machine's")
    .option('--override-variant <variant>', 'take this variant of the CPU')
    .option('--command-timeout <duration>', 'give up after this time, such as 90s or 10m', duration)
    .option('--connect-timeout <duration>', 'how long making a connection may take (default 10s)', duration)
    .option(
      '--idle-timeout <duration>',
      'how long a server may be silent, before and in its answer (default 60s)',
      duration,
    )
    .option('--debug', 'show where an error comes from')
    .addHelpText('after', HELP)
    .showSuggestionAfterError()
    .showHelpAfterError('Run the command with --help to see what it takes.')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      outputError: (text, write) => write(`crossdock: ${text}`),
    })
    .exitOverride()
  addCopyCommand(program, invocation)
  addPlanCommand(program, invocation)
  addInspectCommand(program, invocation)
  addDigestCommand(program, invocation)
  addListTagsCommand(program, invocation)
  addDeleteCommand(program, invocation)
  addRegistryCommand(program, invocation)
  addVersionCommand(program, invocation, VERSION)
  return program
}

const HELP = `
Image names are TRANSPORT:REFERENCE:
  docker://[HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]   a registry
  oci:FOLDER[:NAME]  oci:FOLDER@DIGEST  oci:FOLDER:@N  an OCI layout folder

Exit codes: 0 done, 1 failure, 2 image not found, 3 authentication or permission, 4 refused by policy,
5 integrity, 6 network or time-out, 7 local disk, 64 usage, 128+n ended by signal n.
`
