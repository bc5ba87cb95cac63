import { formatDockerReference, quoteForeign, repositoryName } from '@crossdock/core'
import type {
  AppcIdentity,
  AppcKeySource,
  KeySource,
  PolicyRequirement,
  SignedIdentity,
  SigstoreTrustSources,
} from '../policy/policy.ts'

/** What a requirement asks for, in words. */
export function ruleText(requirement: PolicyRequirement): string {
  switch (requirement.type) {
    case 'insecureAcceptAnything':
      return 'anything is accepted, signed or not'
    case 'reject':
      return 'nothing is accepted'
    case 'signedBaseLayer':
      return 'a base layer signed by itself, which nobody can check'
    case 'signedBy':
      return `a simple signature by a key of ${keysText(requirement.keys)}, ${identityText(requirement.signedIdentity)}`
    case 'sigstoreSigned':
      return `a sigstore signature ${trustText(requirement.trust)}, ${identityText(requirement.signedIdentity)}`
    default:
      return `a detached signature of the archive by a key of ${appcKeysText(requirement.keys)}, ${appcIdentityText(requirement.signedIdentity)}`
  }
}

/** A key source as messages name it: by its file. */
function keySourceText(source: KeySource): string {
  return source.kind === 'file' ? quoteForeign(source.path, 200) : 'key data in the policy'
}

function keysText(keys: readonly KeySource[]): string {
  return keys.length === 0 ? 'no file at all' : keys.map(keySourceText).join(' or ')
}

function trustText(trust: SigstoreTrustSources): string {
  if (trust.kind === 'keys') return `by a key of ${keysText(trust.keys)}${logText(trust.rekorKeys)}`
  if (trust.kind === 'fulcio') {
    const { ca, oidcIssuer, subjectEmail, subjectURI } = trust
    const subject = subjects([subjectEmail, subjectURI])
    return `by ${subject} of ${quoteForeign(oidcIssuer, 200)}, as certified by ${keySourceText(ca)}${logText(trust.rekorKeys)}`
  }
  return `by ${subjects([trust.subjectEmail, trust.subjectHostname])}, as certified by ${keySourceText(trust.roots)}`
}

function logText(rekorKeys: readonly KeySource[]): string {
  return rekorKeys.length === 0 ? '' : `, recorded by the log of ${keysText(rekorKeys)}`
}

function subjects(names: readonly (string | undefined)[]): string {
  return names.flatMap((name) => (name === undefined ? [] : [quoteForeign(name, 200)])).join(' and ')
}

function identityText(identity: SignedIdentity): string {
  switch (identity.type) {
    case 'matchDigest':
      return 'for this manifest under any name'
    case 'matchExact':
      return "for the image's exact name"
    case 'matchRepoDigestOrExact':
      return "for the image's exact name, or its repository if the name is a digest"
    case 'matchRepository':
      return "for the image's repository"
    case 'exactReference':
      return `for ${formatDockerReference(identity.dockerReference)}`
    case 'exactRepository':
      return `for the repository ${repositoryName(identity.dockerRepository)}`
    default:
      return `for the image's name with ${identity.signedPrefix} in place of ${identity.prefix}`
  }
}

function appcKeysText(keys: AppcKeySource): string {
  if (keys.kind === 'keys') return keysText(keys.keys)
  return `the key ${keys.folders.length === 1 ? 'store' : 'stores'} ${keys.folders.map((path) => quoteForeign(path, 200)).join(' and ')}`
}

function appcIdentityText(identity: AppcIdentity): string {
  if (identity.type === 'matchName') return 'of the image that was asked for'
  if (identity.type === 'exactName') return `of the image ${identity.name}`
  return `of the image ${identity.prefix} or one below it`
}
