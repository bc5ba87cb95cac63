import { ImageError, quoteForeign } from '@crossdock/core'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Call } from '../endpoints.ts'
import { textFlag } from '../flags.ts'
import { hostConfig } from '../host-config.ts'
import type { Admit } from '../image-judge.ts'
import { addKeys } from './add-keys.ts'

export function addKeyStoreFlag(command: Command): Command {
  return command.option('--key-store <folder>', 'the key store (default: /etc/rkt/trustedkeys)')
}

export async function keyStoreOf(call: Call): Promise<string> {
  const { host } = await hostConfig(call)
  return textFlag(call.flags, 'keyStore') ?? join(host.root ?? '/', 'etc/rkt/trustedkeys')
}

/**
 * Judges images of appc names after the keys that their hosts publish were trusted, for each name that has none yet. What keeps keys from being fetched is told,
 * and the judge has the last word.
 */
export async function trustingNewKeys(admit: Admit | undefined, call: Call): Promise<Admit> {
  const store = await keyStoreOf(call)
  return async (image, operation) => {
    const { transport } = image.reference
    if (transport.name === 'appc') await trustKeysOf(image.reference.policy?.identity ?? '', { store, call })
    await admit?.(image, operation)
  }
}

interface TrustOptions {
  readonly store: string
  readonly call: Call
}

async function trustKeysOf(name: string, { store, call }: TrustOptions): Promise<void> {
  const { keyStoreFiles, trustedKeys } = await import('@crossdock/signature-policy')
  const { keys, masked } = await trustedKeys(name, [store], keyStoreFiles(call.operation))
  const isKnown = [...keys, ...masked].some(({ place }) => place.kind === 'prefix')
  if (isKnown) return
  try {
    await addKeys(call, { location: { store, place: { kind: 'prefix', prefix: name } }, files: [] })
  } catch (reason) {
    call.operation.signal.throwIfAborted()
    if (!(reason instanceof ImageError)) throw reason
    call.invocation.note(`warning: no key of ${quoteForeign(name, 200)} was trusted: ${reason.message}\n`)
  }
}
