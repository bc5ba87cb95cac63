import { ImageError, repositoryName } from '@crossdock/core'
import { Option } from 'commander'
import type { CommandEntry } from '../command-entry.ts'
import { addCredentialsFlags } from '../credentials-flags.ts'
import { addTlsFlags } from '../endpoint-flags.ts'
import type { Call } from '../endpoints.ts'
import { gatherWhole, listFlag } from '../flags.ts'
import { registryLogIn, repositoryWithin } from '../registry-log-in.ts'

export const authCommand: CommandEntry = {
  name: 'auth',
  summary: 'get a token for a registry',
  define: (auth, invocation) => {
    const command = auth
      .description('What registries know users by.')
      .command('token')
      .summary('print a bearer token')
      .description(
        'Prints to stdout the token that the token service of a registry gives for the credentials of this machine, or to anybody. ' +
          'It is a secret, good for a few minutes.',
      )
      .argument('<registry>', 'HOST[:PORT], or HOST[:PORT]/REPOSITORY, which may be read with it')
      .addOption(
        new Option('--scope <scope>', 'what it is to be good for, such as repository:team/app:pull,push').argParser(
          gatherWhole,
        ),
      )
    addTlsFlags(addCredentialsFlags(command, ''), '')
    command
      .addHelpText('after', EXAMPLES)
      .action((name: string) =>
        invocation.run((operation) => printToken(name, { flags: command.optsWithGlobals(), invocation, operation })),
      )
  },
}

async function printToken(name: string, call: Call): Promise<void> {
  const { parseAuthKey } = await import('@crossdock/config')
  const key = parseAuthKey(name)
  const repository = repositoryWithin(key)
  const given = listFlag(call.flags, 'scope')
  const reading = key.path === undefined ? [] : [`repository:${repository.path}:pull`]
  const scopes = given.length > 0 ? given : reading
  const { authorization = '' } = await registryLogIn(call, repository, { scopes })
  const token = /^Bearer (.+)$/.exec(authorization)?.[1]
  if (token === undefined) throw noToken(key.path === undefined ? key.host : repositoryName(repository), authorization)
  await call.invocation.print(`${token}\n`)
}

function noToken(name: string, authorization: string): ImageError {
  const how = authorization === '' ? 'asks nobody who they are' : 'wants user name and password with each request'
  return new ImageError(
    'UNSUPPORTED',
    `${name} gives no tokens: the registry ${how}; with curl that is what --user is for`,
  )
}

const EXAMPLES = `
Example:
  curl --oauth2-bearer "$(crossdock auth token docker.io/library/alpine)" https://registry-1.docker.io/v2/library/alpine/tags/list
`
