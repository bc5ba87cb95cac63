import { ImageError, quoteForeign } from '@crossdock/core'
import type { KeyLocation } from '@crossdock/signature-policy'
import { type Call, endpointSettings } from '../endpoints.ts'
import { UsageError } from '../failure.ts'
import { isSet } from '../flags.ts'
import { hostConfig } from '../host-config.ts'
import { readInputFile } from '../input-file.ts'
import { discoveryOptions } from '../url-options.ts'

export interface AddKeysOptions {
  readonly location: KeyLocation
  /** None: the keys that the host of the prefix publishes. */
  readonly files: readonly string[]
  readonly port?: number | undefined
}

interface FoundKeys {
  readonly from: string
  readonly bytes: Uint8Array
  readonly overHttps: boolean
  /** Whether somebody named the file that they lie in. */
  readonly isNamed: boolean
}

/**
 * Trusts keys after they were shown and somebody agreed to all of them. A mask gives way only to a person: a host that publishes a key is no reason to trust it
 * again. Throws `REJECTED_BY_POLICY` if nobody agreed, and for such a key: then nothing is kept.
 */
export async function addKeys(call: Call, options: AddKeysOptions): Promise<void> {
  const { addTrustedKeys } = await import('@crossdock/signature-policy')
  const found = options.files.length > 0 ? await readFiles(options.files, call) : await discoverKeys(call, options)
  for (const keys of found) {
    if (!(await isReviewed(keys, call)) && !keys.isNamed) await refuseMasked(keys, options.location, call)
  }
  for (const { bytes } of found) {
    for (const { path } of await addTrustedKeys(bytes, options.location)) {
      call.invocation.note(`Trusted: ${quoteForeign(path)}\n`)
    }
  }
}

async function readFiles(files: readonly string[], { operation }: Call): Promise<readonly FoundKeys[]> {
  const read = async (from: string): Promise<FoundKeys> => ({
    from,
    bytes: await readInputFile(from, operation),
    overHttps: false,
    isNamed: true,
  })
  return await Promise.all(files.map(read))
}

async function discoverKeys(call: Call, { location, port }: AddKeysOptions): Promise<readonly FoundKeys[]> {
  const { place } = location
  if (place.kind === 'root') throw new UsageError('name files with keys for --root: hosts publish them by names')
  const { parseAppName } = await import('@crossdock/formats')
  const { createAciDiscovery, nothingFound } = await import('@crossdock/transport-aci-discovery')
  const app = parseAppName(place.prefix)
  const settings = await endpointSettings(call, { prefix: '', name: `appc:${app.name}` })
  const discovery = createAciDiscovery({ ...discoveryOptions(settings, await hostConfig(call)), port })
  try {
    const { keys, pages } = await discovery.discover(app, { ...call.operation, wanted: 'keys' })
    if (keys.length === 0) throw nothingFound(app, 'key', pages)
    const isSecure = settings.insecure !== true
    const read = async (url: URL): Promise<FoundKeys> => ({
      from: url.href,
      bytes: await discovery.readKeys(url, call.operation),
      overHttps: isSecure && url.protocol === 'https:',
      isNamed: false,
    })
    return await Promise.all(keys.map(read))
  } finally {
    await discovery.close()
  }
}

/** Whether a person saw them. Throws `REJECTED_BY_POLICY` if that person does not agree. */
async function isReviewed(
  { from, bytes, overHttps }: FoundKeys,
  { flags, invocation, operation }: Call,
): Promise<boolean> {
  const { readKeyRing } = await import('@crossdock/signature-policy')
  for (const { fingerprint, userIds } of readKeyRing(bytes, quoteForeign(from))) {
    const names = userIds.map((id) => `  ${quoteForeign(id, 200)}\n`).join('')
    invocation.note(`${fingerprint} of ${quoteForeign(from)}\n${names}`)
  }
  if (isSet(flags, 'skipFingerprintReview') || (overHttps && isSet(flags, 'trustKeysFromHttps'))) return false
  const { canAsk, prompt } = await import('../streams/prompt.ts')
  const { terminal } = invocation
  const question = 'Trust these keys? Type yes: '
  const answer = canAsk(terminal)
    ? await prompt(terminal, question, operation)
    : await invocation.readLine(operation.signal)
  if (answer.trim() === 'yes') return true
  throw new ImageError('REJECTED_BY_POLICY', 'the keys are not trusted, as nobody said yes; nothing was kept')
}

async function refuseMasked({ from, bytes }: FoundKeys, { store, place }: KeyLocation, call: Call): Promise<void> {
  if (place.kind === 'root') return
  const { keyStoreFiles, readKeyRing, trustedKeys } = await import('@crossdock/signature-policy')
  const { masks } = await trustedKeys(place.prefix, [store], keyStoreFiles(call.operation))
  const masked = readKeyRing(bytes, quoteForeign(from)).find(({ fingerprint }) => masks.has(fingerprint.toLowerCase()))
  if (masked === undefined) return
  const problem = `${masked.fingerprint} of ${quoteForeign(from)} is masked in ${quoteForeign(store)}: trust was taken from it`
  throw new ImageError(
    'REJECTED_BY_POLICY',
    `${problem}; nothing was kept. "crossdock trust add" without --trust-keys-from-https asks whether to trust it again`,
  )
}
