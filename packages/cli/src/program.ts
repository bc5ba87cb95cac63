import { Command, Option } from 'commander'
import type { CommandEntry } from './command-entry.ts'
import { authCommand } from './commands/auth.ts'
import { catCommand } from './commands/cat.ts'
import { configCommand } from './commands/config.ts'
import { copyCommand } from './commands/copy.ts'
import { deleteCommand } from './commands/delete.ts'
import { diffCommand } from './commands/diff.ts'
import { digestCommand } from './commands/digest.ts'
import { discoverCommand } from './commands/discover.ts'
import { exportCommand } from './commands/export.ts'
import { fetchCommand } from './commands/fetch.ts'
import { generateSigstoreKeyCommand } from './commands/generate-sigstore-key.ts'
import { inspectCommand } from './commands/inspect.ts'
import { layersCommand } from './commands/layers.ts'
import { listTagsCommand } from './commands/list-tags.ts'
import { loginCommand } from './commands/login.ts'
import { logoutCommand } from './commands/logout.ts'
import { lsCommand } from './commands/ls.ts'
import { manifestDigestCommand } from './commands/manifest-digest.ts'
import { planCommand } from './commands/plan.ts'
import { policyCommand } from './commands/policy.ts'
import { registryCommand } from './commands/registry-serve.ts'
import { referrersCommand } from './commands/referrers.ts'
import { sbomCommand } from './commands/sbom.ts'
import { signCommand } from './commands/sign.ts'
import { standaloneSignCommand } from './commands/standalone-sign.ts'
import { standaloneVerifyCommand } from './commands/standalone-verify.ts'
import { storeCommand } from './commands/store.ts'
import { trustCommand } from './commands/trust.ts'
import { verifyCommand } from './commands/verify.ts'
import { versionCommand } from './commands/version.ts'
import { addAuthFileFlags } from './credentials-flags.ts'
import { booleanFlag, duration, type Flags, gather } from './flags.ts'
import type { Invocation } from './invocation.ts'
import type { RunningCommand } from './next-step.ts'
import { addPolicyFlags } from './policy-flags.ts'
import { VERSION } from './version.ts'

const COMMANDS: readonly CommandEntry[] = [
  copyCommand,
  planCommand,
  inspectCommand,
  digestCommand,
  layersCommand,
  lsCommand,
  catCommand,
  diffCommand,
  exportCommand,
  listTagsCommand,
  fetchCommand,
  discoverCommand,
  deleteCommand,
  signCommand,
  verifyCommand,
  referrersCommand,
  sbomCommand,
  storeCommand,
  loginCommand,
  logoutCommand,
  authCommand,
  policyCommand,
  trustCommand,
  standaloneSignCommand,
  standaloneVerifyCommand,
  manifestDigestCommand,
  generateSigstoreKeyCommand,
  configCommand,
  registryCommand,
  versionCommand,
]

/** Told how far the command line was understood. */
export interface ProgramListener {
  /** A command is known: `crossdock copy`. */
  readonly onCommand: (command: string) => void
  /** Its flags are, too, and it is about to begin. */
  readonly onAction: (running: RunningCommand) => void
  /** Text for stdout. */
  readonly onHelp: (text: string) => void
}

/** The whole command line. What is heavy is imported inside the actions, so that help and version stay quick. */
export function createProgram(invocation: Invocation, listener: ProgramListener): Command {
  const program = new Command('crossdock')
    .description('Moves container images between the places where images live: registries and folders.')
    .addHelpText('after', HELP)
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: listener.onHelp,
      writeErr: () => undefined, // what it says of errors is thrown, too
    })
    .exitOverride()
    .hook('preAction', (_, command) => {
      listener.onAction({ name: command.name(), flags: command.optsWithGlobals<Flags>() })
    })
  addGlobalFlags(program)
  for (const entry of COMMANDS) addCommand(program, entry, { invocation, listener })
  return program
}

function addGlobalFlags(program: Command): void {
  addPolicyFlags(program)
  addAuthFileFlags(program)
  program
    .version(VERSION, '-v, --version', 'print the version')
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
    .option('--registries-conf <file>', 'read this file instead of registries.conf; drop-ins are read, too')
    .option('--registries.d <folder>', 'read this folder instead of registries.d: where signatures are kept')
    .option('--user-agent-prefix <text>', 'what registries are told before the name of this command')
    .addOption(
      new Option('--trusted-host <host[:port]>', 'private address that a public registry may refer to').argParser(
        gather,
      ),
    )
    .addOption(
      new Option('--error-format <format>', 'how a failure is told: text, or one JSON object').choices([
        'text',
        'json',
      ]),
    )
    .option('--debug', 'show where an error comes from')
    .option('--store <folder>', 'the folder of store: images (default: CROSSDOCK_STORE, or where programs keep data)')
    .option('--tmpdir <folder>', "folder for archives that cannot be read in place (default: the system's)")
    // Of commands with one image it is a flag of their own; for two it means both.
    .addOption(new Option('--tls-verify <boolean>').argParser(booleanFlag).hideHelp())
}

function addCommand(
  program: Command,
  entry: CommandEntry,
  { invocation, listener }: { readonly invocation: Invocation; readonly listener: ProgramListener },
): void {
  const command = program.command(entry.name).summary(entry.summary)
  if (entry.alias !== undefined) command.alias(entry.alias)
  let isDefined = false
  const define = (): void => {
    if (isDefined) return
    isDefined = true
    listener.onCommand(`crossdock ${entry.name}`)
    entry.define(command, invocation)
  }
  command.on('beforeHelp', define)
  program.hook('preSubcommand', (_, called) => {
    if (called === command) define()
  })
}

const HELP = `
Image names are TRANSPORT:REFERENCE:
  docker://[HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]   a registry
  oci:FOLDER[:NAME]  oci:FOLDER@DIGEST  oci:FOLDER:@N  an OCI layout folder
  dir:FOLDER                                         a flat folder
  oci-archive:FILE[:NAME]  oci-archive:FILE:@N       an OCI layout in a tar archive; - is stdin or stdout
  docker-archive:FILE[:NAME]  docker-archive:FILE:@N what docker save writes and docker load reads
  docker-daemon:NAME:TAG  docker-daemon:sha256:ID    an image of a Docker Engine
  store:NAME  store:NAME@DIGEST  store:DIGEST        an image of the local store; see crossdock store --help
  aci:FILE[:NAME[:VERSION]]                          an App Container Image; - is stdin or stdout
  https://HOST[:PORT]/PATH[#NAME]                    one of these archives behind a URL; of several images the NAME
  appc:NAME[:VERSION][,LABEL=VALUE...]               an App Container Image, where a page of the host in its name says
  tarball:FILE[:FILE...]                             root file systems as the layers of an image; - is stdin

Exit codes: 0 done, 1 failure, 2 image not found, 3 authentication or permission, 4 refused by policy,
5 integrity, 6 network or time-out, 7 local disk, 64 usage, 128+n ended by signal n.
`
