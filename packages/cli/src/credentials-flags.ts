import { type Command, Option } from 'commander'
import type { EndpointPrefix } from './endpoint-flags.ts'

/** The flags that say who the user is at the registry of one side. */
export function addCredentialsFlags(command: Command, prefix: EndpointPrefix): Command {
  const of = { '': 'the image', src: 'the source', dest: 'the destination' }[prefix]
  const dashed = prefix === '' ? '--' : `--${prefix}-`
  const name = (flag: string): string => new Option(`${dashed}${flag}`).attributeName()
  // Without a prefix the flag is one of the whole command.
  const own =
    prefix === ''
      ? []
      : [new Option(`${dashed}authfile <file>`, `the only file with credentials for the registry of ${of}`)]
  const options = [
    new Option(`${dashed}creds <user[:password]>`, `credentials for the registry of ${of}`),
    new Option(`${dashed}username <name>`, `user for the registry of ${of}`).conflicts(name('creds')),
    new Option(`${dashed}password <password>`, `password that goes with ${dashed}username`).conflicts(name('creds')),
    new Option(`${dashed}password-stdin`, `read that password from stdin, where nobody sees it`).conflicts([
      name('creds'),
      name('password'),
    ]),
    new Option(`${dashed}registry-token <token>`, `bearer token for the registry of ${of}`),
    new Option(`${dashed}no-creds`, `reach the registry of ${of} anonymously`).conflicts(
      // Without a prefix it is what switches --creds off.
      [...(prefix === '' ? [] : ['creds', 'authfile']), 'username', 'password', 'password-stdin', 'registry-token'].map(
        name,
      ),
    ),
    ...own,
  ]
  for (const option of options) command.addOption(option)
  return command
}

/** The flags of the whole command about files with credentials. */
export function addAuthFileFlags(program: Command): void {
  program
    .option('--authfile <file>', 'the only file with credentials, an auth.json (default: see crossdock login --help)')
    .option('--compat-auth-file <file>', "the same, in the form of Docker's config.json")
}
