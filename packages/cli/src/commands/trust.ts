import type { KeyPlace } from '@crossdock/signature-policy'
import type { Command } from 'commander'
import type { CommandEntry } from '../command-entry.ts'
import { addEndpointFlags, addRetryFlags } from '../endpoint-flags.ts'
import type { Call } from '../endpoints.ts'
import { UsageError } from '../failure.ts'
import { isSet, numberFlag, textFlag, wholeNumber } from '../flags.ts'
import type { Invocation } from '../invocation.ts'
import { formatJson, printable } from '../output/json.ts'
import { formatTrustedKeys, trustedKeysDocument } from '../output/trusted-keys.ts'
import { addKeys } from '../trusted-keys/add-keys.ts'
import { addKeyStoreFlag, keyStoreOf } from '../trusted-keys/keys-by-name.ts'

export const trustCommand: CommandEntry = {
  name: 'trust',
  summary: 'the public keys that sign App Container Images: list, add, remove',
  define: (trust, invocation) => {
    trust.description(
      "Keys in a key store of rkt's form, which policies with appcSignedBy name: for images of one name and those below it, or of every name.",
    )
    defineList(trust, invocation)
    defineAdd(trust, invocation)
    defineRemove(trust, invocation)
  },
}

function defineList(trust: Command, invocation: Invocation): void {
  const command = addKeyStoreFlag(trust.command('list').summary('print the keys and masks')).option(
    '--json',
    'print one JSON list',
  )
  command.action(() => invocation.run((operation) => list({ flags: command.optsWithGlobals(), invocation, operation })))
}

function defineAdd(trust: Command, invocation: Invocation): void {
  const command = withPlace(
    trust.command('add').summary('trust the keys of files, or those that the host of a name publishes'),
  )
    .description(
      'Shows the fingerprint of every key, and keeps them after "yes" was typed. Without a file the keys are those that "crossdock discover" ' +
        'finds for the prefix.',
    )
    .argument('[file...]', 'public keys, binary or armoured')
    .option('--skip-fingerprint-review', 'do not ask')
    .option('--trust-keys-from-https', 'do not ask for keys that came over https')
    .option('--port <number>', 'where the host has its pages', wholeNumber(1))
  addRetryFlags(addEndpointFlags(command, ''))
  command.action((files: readonly string[]) =>
    invocation.run(async (operation) => {
      const call: Call = { flags: command.optsWithGlobals(), invocation, operation }
      const location = { store: await keyStoreOf(call), place: await placeOf(call) }
      await addKeys(call, { location, files, port: numberFlag(call.flags, 'port') })
    }),
  )
}

function defineRemove(trust: Command, invocation: Invocation): void {
  const command = withPlace(trust.command('remove').summary('no longer trust a key'))
    .argument('<fingerprint>', '40 hexadecimal digits')
    .option('--mask', 'take trust from it wherever else it lies, too')
  command.action((fingerprint: string) =>
    invocation.run((operation) => remove(fingerprint, { flags: command.optsWithGlobals(), invocation, operation })),
  )
}

function withPlace(command: Command): Command {
  return addKeyStoreFlag(command)
    .option('--prefix <name>', 'for images of this name, and those below it')
    .option('--root', 'for images of every name')
}

async function placeOf({ flags }: Call): Promise<KeyPlace> {
  const prefix = textFlag(flags, 'prefix')
  if ((prefix === undefined) === !isSet(flags, 'root')) throw new UsageError('say either --prefix NAME or --root')
  if (prefix === undefined) return { kind: 'root' }
  const { aciIdentifierProblem } = await import('@crossdock/formats')
  const problem = aciIdentifierProblem(prefix)
  if (problem === undefined) return { kind: 'prefix', prefix }
  throw new UsageError(
    `--prefix takes the name of images, such as example.com/app, without version and labels: it ${problem}`,
  )
}

async function list(call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const { keyStoreFiles, listTrustedKeys } = await import('@crossdock/signature-policy')
  const { entries, warnings } = await listTrustedKeys(await keyStoreOf(call), keyStoreFiles(operation))
  for (const warning of warnings) invocation.note(`warning: ${warning}\n`)
  const document = await trustedKeysDocument(entries)
  await invocation.print(isSet(flags, 'json') ? `${formatJson(document, 2)}\n` : printable(formatTrustedKeys(document)))
}

async function remove(fingerprint: string, call: Call): Promise<void> {
  if (!/^[0-9a-f]{40}$/i.test(fingerprint)) {
    throw new UsageError('a fingerprint has 40 hexadecimal digits; "crossdock trust list" prints those that there are')
  }
  const location = { store: await keyStoreOf(call), place: await placeOf(call) }
  const { maskTrustedKey, removeTrustedKey } = await import('@crossdock/signature-policy')
  if (isSet(call.flags, 'mask')) return await maskTrustedKey(fingerprint, location)
  if (await removeTrustedKey(fingerprint, location)) return
  const { ImageError } = await import('@crossdock/core')
  throw new ImageError('NOT_FOUND', 'there is no such key at this place; "crossdock trust list" says where it is')
}
