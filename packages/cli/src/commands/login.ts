import type { AuthKey, AuthOptions, CredentialsOrigin, FoundCredentials, PasswordCredentials } from '@crossdock/config'
import { ImageError, quoteForeign } from '@crossdock/core'
import { Option } from 'commander'
import type { CommandEntry } from '../command-entry.ts'
import { authOptions } from '../credentials.ts'
import { addTlsFlags } from '../endpoint-flags.ts'
import type { Call } from '../endpoints.ts'
import { UsageError } from '../failure.ts'
import { isSet, textFlag } from '../flags.ts'
import { hostConfig } from '../host-config.ts'
import { registryLogIn, repositoryWithin } from '../registry-log-in.ts'

export const loginCommand: CommandEntry = {
  name: 'login',
  summary: 'log in to a registry',
  define: (command, invocation) => {
    command
      .description(
        'Asks the registry whether it takes a user name and a password, and keeps them for this command and for others that read ' +
          'the same file: podman, skopeo, buildah. On a terminal it asks for what is not given.',
      )
      .argument('<registry>', 'HOST[:PORT], or with /REPOSITORY a part of it that has credentials of its own')
      .option('-u, --username <name>', 'user name')
      .addOption(
        new Option('-p, --password <password>', 'password; others see it in the list of processes').conflicts(
          'passwordStdin',
        ),
      )
      .option('--password-stdin', 'read the password from stdin, where nobody sees it')
      .option('--get-login', 'print who is logged in, and do nothing')
      .option('--verbose', 'say where the credentials are kept (-v behind the name of the command, too)')
    addTlsFlags(command, '')
    command
      .addHelpText('after', HELP)
      .action((name: string) =>
        invocation.run((operation) => login(name, { flags: command.optsWithGlobals(), invocation, operation })),
      )
  },
}

async function login(name: string, call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const { lookUpCredentials, parseAuthKey, storeCredentials } = await import('@crossdock/config')
  const key = parseAuthKey(name)
  const repository = repositoryWithin(key)
  const options: AuthOptions = { ...authOptions(flags, await hostConfig(call)), signal: operation.signal }
  const query = { host: key.host, repository: key.path }
  if (isSet(flags, 'getLogin')) return await printUser(key, await lookUpCredentials(query, options), call)
  const isGiven = ['username', 'password', 'passwordStdin'].some((flag) => flags[flag] !== undefined)
  const known = isGiven ? undefined : await lookUpCredentials(query, { ...options, willBeMade: true })
  if (known !== undefined && (await stillCount(known, key, call))) return
  const credentials = await credentialsFor(key, known, call)
  const { authorization } = await registryLogIn(call, repository, { credentials })
  if (authorization === undefined) {
    invocation.note(`warning: ${key.host} did not ask who you are, so that nobody knows whether this is right\n`)
  }
  const origin = await storeCredentials(key, credentials, options)
  if (isSet(flags, 'verbose')) invocation.note(`Used: ${placeOf(origin)}\n`)
  invocation.note('Login Succeeded!\n')
}

async function printUser(key: AuthKey, found: FoundCredentials | undefined, { invocation }: Call): Promise<void> {
  if (found === undefined) {
    throw new ImageError('UNAUTHENTICATED', `not logged into ${key.text}`)
  }
  await invocation.print(`${quoteForeign(userOf(found) ?? '<token>')}\n`)
}

function userOf({ credentials }: FoundCredentials): string | undefined {
  return 'username' in credentials ? credentials.username : undefined
}

/** Whether the registry takes what is kept already. */
async function stillCount(known: FoundCredentials, key: AuthKey, call: Call): Promise<boolean> {
  const { invocation } = call
  invocation.note(`Authenticating with existing credentials for ${key.text}\n`)
  try {
    await registryLogIn(call, repositoryWithin(key), { credentials: known.credentials })
  } catch (error) {
    if (!(error instanceof ImageError) || error.code !== 'UNAUTHENTICATED') throw error
    invocation.note('Existing credentials are invalid, please enter valid username and password\n')
    return false
  }
  invocation.note(`Existing credentials are valid. Already logged in to ${key.host}\n`)
  return true
}

async function credentialsFor(
  key: AuthKey,
  existing: FoundCredentials | undefined,
  { flags, invocation, operation }: Call,
): Promise<PasswordCredentials> {
  const { terminal } = invocation
  const { signal } = operation
  const given = textFlag(flags, 'username')
  if (isSet(flags, 'passwordStdin')) {
    if (given === undefined) throw new UsageError('--password-stdin needs --username beside it')
    return { username: given, password: await invocation.readLine(signal) }
  }
  const password = textFlag(flags, 'password')
  if (given !== undefined && password !== undefined) {
    invocation.note('warning: a password on the command line can be seen by others; --password-stdin hides it\n')
    return { username: given, password }
  }
  const { canAsk, prompt } = await import('../streams/prompt.ts')
  if (!canAsk(terminal)) {
    throw new UsageError(`nobody can be asked here: log in to ${key.text} with --username and --password-stdin`)
  }
  const known = existing === undefined ? undefined : userOf(existing)
  const question = known === undefined ? 'Username: ' : `Username (${quoteForeign(known)}): `
  const username = (given ?? (await prompt(terminal, question, { signal }))) || known
  if (username === undefined) throw new UsageError('a user name is needed')
  return { username, password: password ?? (await prompt(terminal, 'Password: ', { signal, hidden: true })) }
}

/** Where credentials are, for people. */
function placeOf({ file, helper }: CredentialsOrigin): string {
  return quoteForeign(helper ?? file ?? '')
}

const HELP = `
Where the credentials are kept, unless --authfile, --compat-auth-file or REGISTRY_AUTH_FILE names the file:
  Linux      $XDG_RUNTIME_DIR/containers/auth.json, which is gone after the next start of the machine,
             else $XDG_CONFIG_HOME/containers/auth.json
  elsewhere  ~/.config/containers/auth.json
A helper that the file names (credHelpers, credsStore) keeps them instead. Read are, besides those, Docker's
$DOCKER_CONFIG/config.json (else ~/.docker/config.json) and ~/.dockercfg. "crossdock config explain HOST" shows it all.

Examples:
  crossdock login quay.io
  pass show registry | crossdock login --username me --password-stdin registry.example.com:5000
`
