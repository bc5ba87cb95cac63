import { ImageError, quoteForeign } from '@crossdock/core'
import type { KeySource } from '../policy/policy.ts'
import type { ResolvedJudgeOptions } from './options.ts'

/** What was read, or why it cannot be used. */
export type Loaded<Value> = { readonly value: Value } | { readonly problem: string }

/** Turns a failure to read what the policy names into a reason to refuse. An abort stays one. */
export async function loaded<Value>(
  { operation }: ResolvedJudgeOptions,
  load: () => Promise<Value>,
): Promise<Loaded<Value>> {
  try {
    return { value: await load() }
  } catch (error) {
    operation.signal?.throwIfAborted()
    const reason = error instanceof Error ? error.message : String(error)
    return { problem: `the keys that the policy names cannot be used: ${quoteForeign(reason)}` }
  }
}

/** The bytes of one source. Throws if there is no such file or it cannot be read: a key that is not there trusts nobody. */
export async function readKey(source: KeySource, { readFile, operation }: ResolvedJudgeOptions): Promise<Uint8Array> {
  if (source.kind === 'data') return source.bytes
  const bytes = await readFile(source.path, operation)
  if (bytes !== undefined && bytes.byteLength > 0) return bytes
  throw new ImageError('IO', `${quoteForeign(source.path, 300)} ${bytes === undefined ? 'does not exist' : 'is empty'}`)
}

/** The bytes of all sources; one that cannot be read fails them all. */
export async function readKeys(
  sources: readonly KeySource[],
  options: ResolvedJudgeOptions,
): Promise<readonly Uint8Array[]> {
  const keys: Uint8Array[] = []
  for (const source of sources) keys.push(await readKey(source, options))
  return keys
}
