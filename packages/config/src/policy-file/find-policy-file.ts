import { lstat, stat } from 'node:fs/promises'
import { ImageError, quoteForeign } from '@crossdock/core'
import { mainFiles, missingFile } from '../host/find-files.ts'
import type { HostEnvironment } from '../host/host-environment.ts'
import { variable } from '../host/host-paths.ts'

export const POLICY_VARIABLE = 'CONTAINERS_POLICY_JSON'

export interface PolicyFile {
  readonly path: string
  /** Whether the caller named it, the environment did (`CONTAINERS_POLICY_JSON`), or it is the first in the usual places. */
  readonly from: 'caller' | 'environment' | 'search'
}

export interface FindPolicyFileOptions {
  /** The path to take. */
  readonly explicit?: string | undefined
}

/**
 * Where the policy is; undefined if there is none in any of the usual places (`policyFilePlaces`). It is not opened: what is there and cannot be
 * read must refuse images, and that is the reader's to say. Throws `IO` if a file that was named does not exist, if a place cannot be looked at,
 * and for a link to nothing.
 */
export async function findPolicyFile(
  host: HostEnvironment,
  { explicit }: FindPolicyFileOptions = {},
): Promise<PolicyFile | undefined> {
  if (explicit !== undefined) {
    if (!(await exists(explicit))) throw missingFile(explicit, 'the caller')
    return { path: explicit, from: 'caller' }
  }
  const named = variable(host, POLICY_VARIABLE)
  if (named !== undefined) {
    if (!(await exists(named))) throw missingFile(named, POLICY_VARIABLE)
    return { path: named, from: 'environment' }
  }
  for (const path of policyFilePlaces(host)) if (await exists(path)) return { path, from: 'search' }
  return undefined
}

/** The usual places of `policy.json`, the one that decides first. */
export function policyFilePlaces(host: HostEnvironment): readonly string[] {
  return mainFiles(host, 'policy.json')
}

/** Not "readable": a policy that cannot be read, or a link to one that is gone, is not the same as none. */
async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (cause) {
    if (isMissing(cause) && !(await isLink(path))) return false
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `${quoteForeign(path)} cannot be looked at: ${quoteForeign(reason, 200)}`
    throw new ImageError('IO', message, { cause })
  }
}

async function isLink(path: string): Promise<boolean> {
  const facts = await lstat(path).catch(() => undefined)
  return facts?.isSymbolicLink() === true
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOENT' || code === 'ENOTDIR'
}
