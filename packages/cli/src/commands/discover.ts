import type { AppName } from '@crossdock/formats'
import type { DiscoveryResult } from '@crossdock/transport-aci-discovery'
import type { CommandEntry } from '../command-entry.ts'
import { addEndpointFlags, addRetryFlags } from '../endpoint-flags.ts'
import { type Call, endpointSettings } from '../endpoints.ts'
import { isSet, numberFlag, wholeNumber } from '../flags.ts'
import { hostConfig } from '../host-config.ts'
import { discoveryDocument, formatDiscovery } from '../output/discovery.ts'
import { formatJson, printable } from '../output/json.ts'
import { discoveryOptions } from '../url-options.ts'

export const discoverCommand: CommandEntry = {
  name: 'discover',
  summary: 'say where the App Container Images of a name lie, and the keys that sign them',
  define: (command, invocation) => {
    command
      .description(
        'Asks the host in a name, as for an image appc:NAME, and prints every page that was asked for, what it says of the name, the archives ' +
          'in the order in which they are tried, and the public keys. No archive and no key is fetched. Ends with 2 if no archive is found.',
      )
      .argument('<name>', 'such as example.com/app:1.2')
      .option('--port <number>', 'where the host has its pages', wholeNumber(1))
      .option('--json', 'print one JSON object')
    addRetryFlags(addEndpointFlags(command, ''))
    command.action((name: string) =>
      invocation.run((operation) => discover(name, { flags: command.optsWithGlobals(), invocation, operation })),
    )
  },
}

async function discover(typed: string, call: Call): Promise<void> {
  const { flags, invocation, operation } = call
  const { parseAppName } = await import('@crossdock/formats')
  const app = parseAppName(typed.replace(/^appc:/, ''))
  const result = await find(app, call)
  await invocation.print(
    isSet(flags, 'json') ? `${formatJson(discoveryDocument(app, result), 2)}\n` : printable(formatDiscovery(result)),
  )
  operation.signal.throwIfAborted()
  if (result.endpoints.length > 0) return
  const { nothingFound } = await import('@crossdock/transport-aci-discovery')
  throw nothingFound(app, 'image', result.pages)
}

async function find(app: AppName, call: Call): Promise<DiscoveryResult> {
  const { createAciDiscovery } = await import('@crossdock/transport-aci-discovery')
  const settings = await endpointSettings(call, { prefix: '', name: `appc:${app.name}` })
  const options = discoveryOptions(settings, await hostConfig(call))
  const discovery = createAciDiscovery({ ...options, port: numberFlag(call.flags, 'port') })
  try {
    return await discovery.discover(app, call.operation)
  } finally {
    await discovery.close()
  }
}
