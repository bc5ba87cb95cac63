import type { PublishedArchive } from '@crossdock/archive'
import { ImageError, type OperationOptions, report, type UnparsedImage } from '@crossdock/core'
import type { JudgeOptions, Policy } from '@crossdock/signature-policy'
import type { Call } from './endpoints.ts'
import { isSet } from './flags.ts'
import { hostConfig } from './host-config.ts'

/** What a copy takes as `admit`. */
export type Admit = (image: UnparsedImage, options: OperationOptions) => Promise<void>

/** By what images are judged in a call. */
export interface Judge {
  readonly policy: Policy
  readonly options: JudgeOptions
  /** Who decided on it: a file, `--insecure-policy`, or nobody. */
  readonly by: 'file' | 'flag' | 'nobody'
}

const NO_POLICY = 'there is no policy.json on this machine: images are accepted whether they are signed or not'

/**
 * The gate for images, as the flags of a call and the machine have it; undefined if every image is to be let through unseen. A policy that
 * is there and cannot be used refuses every image. Throws `REJECTED_BY_POLICY`.
 */
export async function imageJudge(call: Call): Promise<Admit | undefined> {
  const { policy, options, by } = await loadJudge(call)
  if (by === 'flag') return undefined
  const { admitBy } = await import('@crossdock/signature-policy')
  const admit = admitBy(policy, options)
  return by === 'file' ? admit : sayingSoOnce(admit)
}

/** Throws `REJECTED_BY_POLICY` if there is a policy that cannot be used, or none and one is required. */
export async function loadJudge(call: Call): Promise<Judge> {
  const { flags } = call
  const { acceptingPolicy } = await import('@crossdock/signature-policy')
  if (isSet(flags, 'insecurePolicy')) return { policy: acceptingPolicy, options: {}, by: 'flag' }
  const options = { requireSigned: isSet(flags, 'requireSigned'), signedArchive }
  const policy = await readPolicy(call).catch((error: unknown) => {
    call.operation.signal.throwIfAborted()
    throw refusal(error)
  })
  if (policy !== undefined) return { policy, options, by: 'file' }
  if (isSet(flags, 'requirePolicy')) {
    throw new ImageError(
      'REJECTED_BY_POLICY',
      'no image is accepted: --require-policy asks for a policy, and this machine has none; name one with --policy FILE',
    )
  }
  return { policy: acceptingPolicy, options, by: 'nobody' }
}

/** The archive that an image was read from, if there is a signature beside it. */
async function signedArchive(image: UnparsedImage, options: OperationOptions): Promise<PublishedArchive | undefined> {
  const { isDetachedSignature } = await import('@crossdock/archive')
  return (await image.signatures(options)).find(isDetachedSignature)?.archive
}

/** The policy of the machine, or of `--policy`; undefined if there is none. Throws `IO`, `INVALID_DATA` and `LIMIT_EXCEEDED`. */
export async function readPolicy(call: Call): Promise<Policy | undefined> {
  const file = await (await hostConfig(call)).policyFile()
  if (file === undefined) return undefined
  const { readConfigFile } = await import('@crossdock/config')
  const bytes = await readConfigFile(file.path, { signal: call.operation.signal })
  if (bytes === undefined) throw new ImageError('IO', `${file.path} is gone`)
  const [{ parsePolicy }, { loadTransports }] = await Promise.all([
    import('@crossdock/signature-policy'),
    import('@crossdock/transports/load'),
  ])
  return parsePolicy(bytes, { what: file.path, transports: await loadTransports(transportsIn(bytes)) })
}

/** The transports that a policy names. Whether it is one, who reads it says. */
function transportsIn(bytes: Uint8Array): readonly string[] {
  try {
    const policy: unknown = JSON.parse(Buffer.from(bytes).toString())
    const named = typeof policy === 'object' && policy !== null && 'transports' in policy ? policy.transports : {}
    return typeof named === 'object' && named !== null ? Object.keys(named) : []
  } catch {
    return []
  }
}

function refusal(error: unknown): unknown {
  if (!(error instanceof ImageError)) return error
  const message = `no image is accepted, because the policy cannot be used: ${error.message}`
  return new ImageError('REJECTED_BY_POLICY', message, { cause: error })
}

/** Told when an image is accepted for want of a policy, so that `--quiet` and the other displays of a copy decide who hears it. */
function sayingSoOnce(admit: Admit): Admit {
  let isSaid = false
  return async (image, operation) => {
    await admit(image, operation)
    if (!isSaid) report(operation, { type: 'note', level: 'info', message: NO_POLICY })
    isSaid = true
  }
}
