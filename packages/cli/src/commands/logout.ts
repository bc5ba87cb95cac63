import type { AuthOptions } from '@crossdock/config'
import { ImageError, quoteForeign } from '@crossdock/core'
import type { CommandEntry } from '../command-entry.ts'
import { authOptions } from '../credentials.ts'
import type { Call } from '../endpoints.ts'
import { UsageError } from '../failure.ts'
import { isSet } from '../flags.ts'
import { hostConfig } from '../host-config.ts'

export const logoutCommand: CommandEntry = {
  name: 'logout',
  summary: 'forget the credentials for a registry',
  define: (command, invocation) => {
    command
      .description(
        'Removes what "crossdock login", "podman login" or "skopeo login" kept. Files of other tools stay as they are.',
      )
      .argument('[registry]', 'as it was given to login: HOST[:PORT][/REPOSITORY]')
      .option('-a, --all', 'forget those for every registry')
      .action((name: string | undefined) =>
        invocation.run((operation) => logout(name, { flags: command.optsWithGlobals(), invocation, operation })),
      )
  },
}

async function logout(name: string | undefined, call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const options: AuthOptions = { ...authOptions(flags, await hostConfig(call)), signal: operation.signal }
  const { eraseAllCredentials, eraseCredentials, parseAuthKey } = await import('@crossdock/config')
  if (isSet(flags, 'all') === (name !== undefined)) {
    throw new UsageError('logout takes either one registry or --all')
  }
  if (name === undefined) {
    await eraseAllCredentials(options)
    invocation.note('Removed login credentials for all registries\n')
    return
  }
  const key = parseAuthKey(name)
  const erased = await eraseCredentials(key, options)
  if (erased.length === 0) throw await notLoggedIn(name, options)
  invocation.note(`Removed login credentials for ${key.text}\n`)
}

/** Says where credentials are all the same, which another tool must have put there. */
async function notLoggedIn(name: string, options: AuthOptions): Promise<ImageError> {
  const { explainCredentials, parseAuthKey } = await import('@crossdock/config')
  const { host, path, text } = parseAuthKey(name)
  const [left] = (await explainCredentials({ host, repository: path }, options)).places
  const place = left?.helper ?? left?.file
  const elsewhere =
    place === undefined
      ? ''
      : `; what ${quoteForeign(place)} may have for ${quoteForeign(left?.key ?? '')} was not put there by this command, and stays`
  return new ImageError('UNAUTHENTICATED', `not logged into ${text}${elsewhere}`)
}
