import type { SimpleSignature, UnparsedImage } from '@crossdock/core'
import { hasNamePrefix } from '../appc/appc-name.ts'
import { trustedKeys } from '../appc/trusted-keys.ts'
import type { AppcIdentity, AppcKeySource, AppcSignedBy } from '../policy/policy.ts'
import { judgeSignatures, type SignatureFinding } from './judge-signatures.ts'
import { loaded, readKeys } from './key-material.ts'
import type { SignedArchive } from './options.ts'
import { refusal, type RequirementOutcome } from './requirement-outcome.ts'
import type { Subject } from './subject.ts'

/**
 * A requirement `appcSignedBy`: a detached signature over the archive that the image was read from, by a key that is trusted for the
 * name in the archive. That name has to be the one that the policy means, or a key for any name could vouch for every image.
 */
export async function judgeAppcSignedBy(requirement: AppcSignedBy, subject: Subject): Promise<RequirementOutcome> {
  const { image, options } = subject
  const archive = await options.signedArchive(image, options.operation)
  if (archive === undefined)
    return refusal('a signed App Container archive is needed, and the image was not read from one')
  const mismatch = nameProblem(requirement.signedIdentity, archive.name, image)
  if (mismatch !== undefined) return refusal(mismatch)
  const keyRings = await loaded(options, () => readAppcKeys(requirement.keys, archive.name, subject))
  if ('problem' in keyRings) return refusal(keyRings.problem)
  const { keys, note } = keyRings.value
  if (keys.length === 0) return refusal(`no key is trusted for images named ${archive.name}${note}`)
  return judgeSignatures(subject, {
    format: 'simple',
    called: 'detached signature',
    check: (signature) => checkSignature(signature, { archive, keyRings: keys, subject }),
  })
}

function nameProblem(identity: AppcIdentity, name: string, { reference }: UnparsedImage): string | undefined {
  if (identity.type === 'exactName') {
    return name === identity.name ? undefined : `the archive holds ${name}, and the policy asks for ${identity.name}`
  }
  if (identity.type === 'namePrefix') {
    if (hasNamePrefix(name, identity.prefix)) return undefined
    return `the archive holds ${name}, and the policy asks for ${identity.prefix} or a name below it`
  }
  const asked = reference.policy?.identity
  if (asked === name) return undefined
  return `the archive holds ${name}, and what was asked for is ${asked === undefined || asked === '' ? 'no name' : asked}`
}

interface AppcKeys {
  readonly keys: readonly Uint8Array[]
  /** For messages: what stands in the way of other keys. */
  readonly note: string
}

async function readAppcKeys(source: AppcKeySource, name: string, { options }: Subject): Promise<AppcKeys> {
  if (source.kind === 'keys') return { keys: await readKeys(source.keys, options), note: '' }
  const { keys, masked, warnings } = await trustedKeys(name, source.folders, options)
  const notes = [...masked.map(({ fingerprint, path }) => `${fingerprint} of ${path} is masked`), ...warnings]
  return {
    keys: keys.flatMap(({ key }) => (key === undefined ? [] : [key])),
    note: notes.length === 0 ? '' : ` (${notes.join('; ')})`,
  }
}

interface ArchiveCheck {
  readonly archive: SignedArchive
  readonly keyRings: readonly Uint8Array[]
  readonly subject: Subject
}

async function checkSignature(
  { bytes }: SimpleSignature,
  { archive, keyRings, subject }: ArchiveCheck,
): Promise<SignatureFinding> {
  const { options, verifiers } = subject
  const { verifyArchiveSignature } = await verifiers.appc()
  const { fingerprint } = await verifyArchiveSignature(bytes, {
    keyRings,
    now: options.now(),
    open: () => archive.open(options.operation),
  })
  return { evidence: { signer: `the key ${fingerprint}`, fingerprint, identity: archive.name } }
}
